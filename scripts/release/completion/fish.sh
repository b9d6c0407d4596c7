# fish completion for @tool@; from fish 3.0 on
# @made@

# Whether a command is the one that was typed.
function __virtinst_rbd_patch_is --argument-names name
    set -l words (commandline -opc)
    test "$words[2]" = "$name"
end

# Whether the last option, one of these that take all words that follow, has its first one.
function __virtinst_rbd_patch_more
    set -l words (commandline -opc)
    set -l values 0
    while set -q words[3]; and not string match -q -- '-?*' $words[-1]
        set values (math $values + 1)
        set -e words[-1]
    end
    test $values -gt 0; and contains -- "$words[-1]" $argv
end

# The rbd pools of the libvirt that is meant.
function __virtinst_rbd_patch_pools
    set -l uri qemu:///system
    set -l before
    for word in (commandline -opc)
        switch "$before"
            case -c --connect
                set uri $word
        end
        switch "$word"
            case '--connect=*'
                set uri (string replace -- --connect= '' $word)
            case @elsewhere@
                return
        end
        set before $word
    end
    string match -q -r -- '@local@' $uri; or return
    string match -q -r -- '[?&]socket=' $uri; and return
    set -l table (env @virsh@ $uri pool-list --all --type rbd </dev/null 2>/dev/null)
    or set table (env @virsh@ $uri pool-list --all </dev/null 2>/dev/null)
    or return
    # A name that a terminal cannot show, or that virsh wrote in numbers, is left out.
    string replace -f -r -- '@row@' '$1' $table | string match -v -r '[[:cntrl:]]|\\\\x[0-9a-f][0-9a-f]'
end

function __virtinst_rbd_patch_volumes
    string replace -r '$' / (__virtinst_rbd_patch_pools)
end

complete -c @tool@ -f
@options@
