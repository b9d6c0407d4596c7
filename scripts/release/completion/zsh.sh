#compdef @tool@
# @made@

# The rbd pools of the libvirt that is meant: sets names.
_virtinst_rbd_patch_ask() {
  emulate -L zsh
  local word before uri=qemu:///system table row
  names=()
  for word in "${(@Q)words[1,CURRENT-1]}"; do
    case $before in (-c|--connect) uri=$word ;; esac
    case $word in
      (--connect=*) uri=${word#*=} ;;
      (@elsewhere@) return ;;
    esac
    before=$word
  done
  [[ $uri =~ '@local@' && $uri != *[?\&]socket=* ]] || return
  table=$(@virsh@ "$uri" pool-list --all --type rbd </dev/null 2>/dev/null) ||
    table=$(@virsh@ "$uri" pool-list --all </dev/null 2>/dev/null) || return
  for row in "${(@f)table}"; do
    [[ $row =~ '@row@' ]] || continue
    row=$match[1]
    # A name that a terminal cannot show, or that virsh wrote in numbers, is left out.
    [[ $row == *[[:cntrl:]]* || $row == *'\x'[0-9a-f][0-9a-f]* ]] || names+=("$row")
  done
}

_virtinst_rbd_patch_pools() {
  local -a names expl
  _virtinst_rbd_patch_ask
  _wanted pools expl 'rbd pool' compadd "$@" -a names
}

_virtinst_rbd_patch_volumes() {
  local -a names expl
  _virtinst_rbd_patch_ask
  _wanted pools expl 'rbd pool' compadd "$@" -S / -a names
}

_virtinst_rbd_patch() {
  local curcontext=$curcontext command=$words[2] at=$((CURRENT - 1))
  local -a commands specs
  local -A more
  if (( CURRENT == 2 )); then
    if [[ $PREFIX == -* ]]; then
      _arguments \
@about@
      return
    fi
    commands=(
@commands@
    )
    _describe -t commands command commands
    return
  fi
  case $command in
@options@
    (*) return 1 ;;
  esac
  # An option that takes all words that follow, behind its first.
  while (( at > 2 )) && [[ $words[at] != -?* ]]; do (( at-- )); done
  if (( CURRENT - at > 1 )) && [[ $PREFIX != -* && -n ${more[$words[at]]} ]]; then
    ${=more[$words[at]]}
    return
  fi
  shift words
  (( CURRENT-- ))
  curcontext="${curcontext%:*:*}:@tool@-$command:"
  _arguments -s -S $specs
}

if [[ $funcstack[1] == _@tool@ ]]; then
  _virtinst_rbd_patch "$@"
else
  compdef _virtinst_rbd_patch @tool@
fi
