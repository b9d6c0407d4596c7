# bash completion for @tool@; with or without the package bash-completion, from bash 4.2 on
# @made@

# Which value an option takes: sets kind, empty for none, and many, where all words that follow are values.
_virtinst_rbd_patch_value() {
  kind='' many=''
  case $command:$1 in
@kinds@
  esac
  case $command:$1 in
@many@
  esac
}

# The rbd pools of the libvirt that is meant: sets names.
_virtinst_rbd_patch_pools() {
  local word before='' uri=qemu:///system table row
  local local_uri='@local@' shape='@row@'
  names=()
  for word in "${words[@]:2:${#words[@]}-3}"; do
    word=${word//[\"\']/}
    case $before in -c | --connect) uri=$word ;; esac
    case $word in
      --connect=*) uri=${word#*=} ;;
      @elsewhere@) return ;;
    esac
    before=$word
  done
  [[ $uri =~ $local_uri && $uri != *[?\&]socket=* ]] || return
  table=$(@virsh@ "$uri" pool-list --all --type rbd </dev/null 2>/dev/null) ||
    table=$(@virsh@ "$uri" pool-list --all </dev/null 2>/dev/null) || return
  while IFS= read -r row; do
    [[ $row =~ $shape ]] || continue
    row=${BASH_REMATCH[1]}
    # A name that a terminal cannot show, or that virsh wrote in numbers, is left out.
    [[ $row == *[[:cntrl:]]* || $row == *'\x'[0-9a-f][0-9a-f]* ]] || names+=("$row")
  done <<<"$table"
}

# Offers names that begin as value does, written as it was begun: in quotes, or with backslashes. $1 ends each.
_virtinst_rbd_patch_offer() {
  local end=$1 typed=$value name text at
  shift
  case $value in [\"\']*) typed=${value:1} ;; esac
  # Without -r, read takes the backslashes out.
  # shellcheck disable=SC2162
  case $value in \'*) ;; *) IFS= read typed <<<"$typed" ;; esac
  for name in "$@"; do
    [[ $name == "$typed"* ]] || continue
    name+=$end text=''
    case $value in
      [\"\']*)
        for ((at = 0; at < ${#name}; at++)); do
          case ${value:0:1}${name:at:1} in
            \"[\"\\\$\`]) text+=\\${name:at:1} ;;
            "''") text+="'\\''" ;;
            *) text+=${name:at:1} ;;
          esac
        done
        ;;
      *) printf -v text %q "$name" ;;
    esac
    # readline replaces the last piece of a word alone, as COMP_WORDBREAKS divides it.
    COMPREPLY+=("${text#"${value%"$piece"}"}")
  done
}

_virtinst_rbd_patch() {
  local line=${COMP_LINE:0:COMP_POINT} at word='' piece='' value='' command kind='' many='' option='' first='' only='' given=''
  local -a words=() names=()
  COMPREPLY=()
  # bash divides words at = and : too: they are put together again.
  for ((at = 0; at <= COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    [[ ${#words[@]} -gt 0 && $line != [[:blank:]]* ]] || words+=('')
    line=${line#"${line%%[![:blank:]]*}"}
    # The last one ends at the cursor.
    [[ $at -lt COMP_CWORD || $line == "$word"* ]] || word=$line
    line=${line#"$word"}
    words[${#words[@]} - 1]+=$word
  done
  piece=$word
  case $piece in = | : | :=) piece='' ;; esac
  value=${words[${#words[@]} - 1]}

  if [[ ${#words[@]} -lt 3 ]]; then
    case $value in
      -*) COMPREPLY=($(compgen -W '@about@' -- "$value")) ;;
      *) COMPREPLY=($(compgen -W '@commands@' -- "$value")) ;;
    esac
    return
  fi
  command=${words[1]}
  for word in "${words[@]:2:${#words[@]}-3}"; do
    if [[ $first ]]; then
      first=''
      [[ $many ]] || option=''
    elif [[ $only ]]; then
      given=1
    elif [[ $word == -- ]]; then
      only=1 option=''
    elif [[ $word == -?* ]]; then
      option=''
      _virtinst_rbd_patch_value "$word"
      [[ ! $kind ]] || option=$word first=1
    elif [[ ! $option ]]; then
      given=1
    fi
  done

  local options='' values='' file=''
  case $command in
@options@
  esac
  if [[ $first || ($option && $value != -*) ]]; then
    _virtinst_rbd_patch_value "$option"
  elif [[ $value == --*=* && ! $only ]]; then
    _virtinst_rbd_patch_value "${value%%=*}"
    value=${value#*=}
  elif [[ ($value == -* && ! $only) || $given || ! $values$file ]]; then
    [[ $only ]] || COMPREPLY=($(compgen -W "$options" -- "$value"))
    return
  elif [[ $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$value"))
    return
  else
    kind=files
  fi
  # Where nothing is offered, readline completes by itself, and knows best how to write a path.
  case $kind in
    files) compopt -o default 2>/dev/null ;;
    folders) compopt -o dirnames 2>/dev/null ;;
    pools) _virtinst_rbd_patch_pools && _virtinst_rbd_patch_offer '' "${names[@]}" ;;
    volumes)
      compopt -o nospace 2>/dev/null
      _virtinst_rbd_patch_pools && _virtinst_rbd_patch_offer / "${names[@]}"
      ;;
  esac
  return 0
}

complete -F _virtinst_rbd_patch @tool@
