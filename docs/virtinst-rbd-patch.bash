# bash completion for virtinst-rbd-patch, for bash 4.2 and later.
# Source it, or install it as /usr/share/bash-completion/completions/virtinst-rbd-patch.

# Completes $1 with the rbd pools of the local libvirt; $2 follows each name.
_virtinst_rbd_patch_pools() {
  local name
  while IFS= read -r name; do
    # A name may hold any character. Only those that need no quotes are offered.
    if [[ $name == "$1"* && $name =~ ^[[:alnum:]_.-]+$ ]]; then COMPREPLY+=("$name$2"); fi
  done < <(timeout 5 virsh -q -r -c qemu:///system pool-list --all --type rbd --name </dev/null 2>/dev/null)
}

_virtinst_rbd_patch() {
  local command=${COMP_WORDS[1]} cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local commands='inspect render bundle hook apply verify preview revert'
  local source='-c --connect --pool-xml --secret-xml --host --pool --root'
  local target='--virtinst --python' ssh='--ssh --sudo' change='--check -n --dry-run --diff -y --yes'
  local output='--json -q --quiet -h --help' words=''
  COMPREPLY=()
  # bash divides --option=value into three words.
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $prev in
    --pool) _virtinst_rbd_patch_pools "$cur" '' && return ;;
    --vol) compopt -o nospace && _virtinst_rbd_patch_pools "$cur" / && return ;;
    --root | --virtinst | --hosts) compopt -o dirnames && return ;;
    --pool-xml | --secret-xml | --host | --python | --report | -o | --output) compopt -o default && return ;;
    -c | --connect) return ;;
    --ssh) declare -F _known_hosts_real >/dev/null && _known_hosts_real -a -- "$cur"; return ;;
  esac
  case $command:$cur in
    inspect:-*) words="$ssh $source --virtinst $output" ;;
    render:-*) words="-o --output --reverse $source --virtinst $output" ;;
    bundle:-*) words="-o --output --hosts $source -v --verbose $output" ;;
    hook:-*) words="-o --output $source $output" ;;
    apply:-*) words="$ssh $change --force $source $target -v --verbose $output" ;;
    verify:-*) words="$ssh --static --vol --report $source $target -v --verbose $output" ;;
    preview:-*) words="-o --output $source $target $output" ;;
    revert:-*) words="$ssh $change --root $target -v --verbose $output" ;;
    hook:*) words='ansible apt dnf puppet salt yum' ;;
    help:*) words=$commands ;;
    apply:* | preview:*) compopt -o default ;;
  esac
  ((COMP_CWORD > 1)) || words="$commands help -V --version -h --help"
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _virtinst_rbd_patch virtinst-rbd-patch
