"""What our stubs decide by themselves, in sh and with git's plumbing: that an ordinary commit is one, or a merge sound.

To start Python takes longer than all else that an ordinary commit does.  Whatever a stub is not sure of it leaves to
Python, which decides the same case in the same way (gitside/committing.py, signing.py, merged.py).  No text of a
repository's is evaluated or used but as a quoted argument; git's children see no replaced objects, fetch nothing and
believe no commit-graph.
"""

_PLUMBING = """\
aergo_newline='
'
plumbing() {
  GIT_NO_REPLACE_OBJECTS=1 GIT_NO_LAZY_FETCH=1 GIT_ALLOW_PROTOCOL=none GIT_OPTIONAL_LOCKS=0 \\
    git -c core.commitGraph=false -c core.fsmonitor=false -c core.hooksPath=/dev/null "$@" 2>/dev/null
}
same_ledger() {
  if ids=$(plumbing rev-parse "$1:ledger" "$2:ledger"); then
    case $ids in *"$aergo_newline"*) ;; *) return 1 ;; esac
    [ "${ids%%"$aergo_newline"*}" = "${ids#*"$aergo_newline"}" ]
  else
    one=$(plumbing ls-tree --full-tree "$1" ledger) && other=$(plumbing ls-tree --full-tree "$2" ledger) &&
      [ -z "$one$other" ]
  fi
}
"""

_UNLESS_THERE = """\
  directory=${GIT_DIR:-.git}
  common=$directory
  [ -d "$directory" ] || return 1
  if [ -e "$directory/commondir" ]; then
    IFS= read -r common <"$directory/commondir" || return 1
    case $common in /*) ;; *) common=$directory/$common ;; esac
  fi
  for name in @FILES@; do
    if [ -e "$name" ] || [ -L "$name" ]; then return 1; fi
  done
"""

PREPARE_COMMIT_MSG = (
    _PLUMBING
    + """\
is_ordinary() {
  case ${2-} in merge | squash) return 1 ;; esac
"""
    + _UNLESS_THERE.replace(
        "@FILES@",
        '"$directory/MERGE_HEAD" "$common/info/grafts" "$common/hooks/prepare-commit-msg.before-aergo"',
    )
    + """\
  tree=$(plumbing write-tree --missing-ok) && same_ledger "$tree" HEAD
}
if (is_ordinary "$@"); then exit 0; fi
"""
)
"""The commit leaves ``ledger/`` as HEAD has it, merges nothing, and no other hook waits."""

POST_MERGE = (
    _PLUMBING
    + """\
is_sound() {
"""
    + _UNLESS_THERE.replace("@FILES@", '"$common/info/grafts" "$common/hooks/post-merge.before-aergo"')
    + """\
  if same_ledger ORIG_HEAD HEAD; then return 0; fi
  branch=$(plumbing symbolic-ref HEAD) && owner=$(plumbing cat-file blob HEAD:ledger/block.json | sed -n 2p) &&
    [ "$owner" = "\\"branch\\":\\"${branch#refs/heads/}\\"," ]
}
if (is_sound); then exit 0; fi
"""
)
"""The ledger is as it was before the merge, or its last block is the branch's own, and no other hook waits."""

_SIGNING = (
    _PLUMBING
    + """\
signs_nothing() {
  settings=$(plumbing config --show-scope --get-regexp '^(aergo\\.)?commit\\.gpgsign(\\.before)?$') || return 1
  ours=
  tab='	'
  while IFS= read -r setting; do
    case $setting in
      "local${tab}aergo.commit.gpgsign.before " | "local${tab}aergo.commit.gpgsign.before false") ours=yes ;;
      "local${tab}commit.gpgsign true") ;;
      "global${tab}commit.gpgsign false" | "system${tab}commit.gpgsign false") ;;
      *) return 1 ;;
    esac
  done <<END
$settings
END
  [ -n "$ours" ] || return 1
  words=$(tr '\\0' '\\n' 2>/dev/null <"/proc/$PPID/cmdline") || return 1
  case $words in *"$aergo_newline"-S* | *"$aergo_newline"--gp*) return 1 ;; esac
}
is_ordinary() {
  case $aergo_1 in "tree "*) ;; *) return 1 ;; esac
  case $aergo_2 in "parent "*) ;; *) return 1 ;; esac
  case $aergo_3 in "author "*) ;; *) return 1 ;; esac
  case ${aergo_1#tree }${aergo_2#parent } in *[!0-9a-f]*) return 1 ;; esac
  same_ledger "${aergo_1#tree }" "${aergo_2#parent }" && signs_nothing
}
"""
)

SIGN_FILE = (
    _SIGNING
    + """\
answer() {
  [ "${1-}" = -Y ] && [ "${2-}" = sign ] || return 1
  for file in "$@"; do :; done
  { IFS= read -r aergo_1 && IFS= read -r aergo_2 && IFS= read -r aergo_3; } <"$file" || return 1
  is_ordinary && : >"$file.sig"
}
if (answer "$@"); then exit 0; fi
"""
)
"""For the format ``ssh``, whose payload is in a file: an empty signature is none to git."""

READ_BEFORE = "AERGO_READ_BEFORE"
"""The variable with what a stub read of the payload before it called Python: lines, each with its end."""

SIGN_STREAM = (
    _SIGNING
    + """\
unset AERGO_READ_BEFORE
read_line() {
  aergo_ended=
  if IFS= read -r aergo_line; then aergo_ended=$aergo_newline; fi
  AERGO_READ_BEFORE=$AERGO_READ_BEFORE$aergo_line$aergo_ended
  [ -n "$aergo_ended" ]
}
if [ "$#" -eq 3 ] && [ "$1" = --status-fd=2 ] && [ "$2" = -bsau ]; then
  AERGO_READ_BEFORE=
  if read_line && aergo_1=$aergo_line && read_line && aergo_2=$aergo_line && read_line && aergo_3=$aergo_line; then
    if (is_ordinary); then
      cat >/dev/null
      printf '\\n[GNUPG:] SIG_CREATED \\n' >&2
      exit 0
    fi
  fi
  export AERGO_READ_BEFORE
fi
"""
)
"""For the other formats, whose payload comes on standard input."""
