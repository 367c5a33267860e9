#!/usr/bin/env bash
# A walk through git-aergo in a scratch repository, which is gone afterwards.  `make tour` runs it.
set -euo pipefail

command -v git-aergo >/dev/null || { echo 'tour: no git-aergo on PATH: run make tour' >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Nothing of the user's is read or written: neither configuration nor keys.
mkdir "$scratch/home"
export HOME="$scratch/home" GIT_CONFIG_GLOBAL="$scratch/home/.gitconfig" GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
unset XDG_CONFIG_HOME SSH_AUTH_SOCK "${!GIT_DIR@}" "${!GIT_AUTHOR_@}" "${!GIT_COMMITTER_@}" GIT_WORK_TREE GIT_INDEX_FILE
git config --global user.name 'Ada Lovelace'
git config --global user.email ada@example.org
git config --global init.defaultBranch main
git config --global advice.detachedHead false

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n# %s\n' "$*"; }

# Shows a command as one would type it, then runs it.  A failure ends the tour.
run() {
  local words=() word
  for word; do
    if [[ $word =~ ^[A-Za-z0-9_./:=~@-]+$ ]]; then words+=("$word"); else words+=("'${word//\'/\'\\\'\'}'"); fi
  done
  printf '$ %s\n' "${words[*]}"
  "$@" || { status=$?; printf 'tour: that ended with status %d\n' "$status" >&2; exit "$status"; }
}

cd "$scratch"

say 'Any git repository will do; this one is fresh.'
run git init --quiet shop
cd shop

say 'A key of your own, and a ledger.'
run git aergo key new
run git aergo init

say 'Rows that exist already come in as a file. They wait until a block seals them.'
cat >price.csv <<'CSV'
item,cents
bread,350
butter,290
salt,90
CSV
run cat price.csv
run git aergo sql 'CREATE TABLE price (item text PRIMARY KEY, cents bigint NOT NULL)'
run git aergo import price.csv
run git aergo status
run git aergo commit

say 'A change is a signed SQL transaction.'
run git aergo sql "UPDATE price SET cents = cents + 20 WHERE item = 'bread'"
run git aergo commit
run git aergo query 'SELECT item, cents FROM price ORDER BY item'

say 'Nothing is overwritten: ask about the block before.'
run git aergo query --at @-1 'SELECT item, cents FROM price ORDER BY item'

say 'A branch is private to whoever makes it.'
run git aergo branch sale
run git aergo checkout sale
run git aergo sql 'UPDATE price SET cents = cents - 10'
run git aergo commit
run git aergo query 'SELECT item, cents FROM price ORDER BY item'
run git aergo checkout main

say 'Trust nothing: check every signature, rule and result from the first block on.'
run git aergo verify

say 'Blocks are commits, signed as git signs them.'
run git log --show-signature --format='%h %an: %s'

say 'That was the tour; man git-aergo has the rest.'
