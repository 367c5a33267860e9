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

# Prints a command as one would type it.
show() {
  local words=() word
  for word; do
    if [[ $word =~ ^[A-Za-z0-9_./:=~@-]+$ ]]; then words+=("$word")
    elif [[ $word != *[\"\$\`\\]* ]]; then words+=("\"$word\"")
    else words+=("'${word//\'/\'\\\'\'}'"); fi
  done
  printf '$ %s\n' "${words[*]}"
}

# Types a command, then runs it.  A failure ends the tour.
run() {
  show "$@"
  "$@" || { status=$?; printf 'tour: that ended with status %d\n' "$status" >&2; exit "$status"; }
}

# The same for a command that must not succeed.
refused() {
  show "$@"
  if "$@" 2>&1; then printf 'tour: that should have been refused\n' >&2; exit 1; fi
}

cd "$scratch"

say 'Any git repository will do; this one is fresh.'
run git init --quiet shop
cd shop

say 'A ledger needs a key; without one that git signs with already, a new one is made.'
run git aergo key new
run git aergo init

say 'A table that exists as a file comes in as it is. Transactions wait until a block seals them.'
cat >price.csv <<'CSV'
item,cents
bread,350
butter,290
salt,90
CSV
run cat price.csv
run git aergo import price.csv
run git aergo status
run git aergo commit --message 'Open the shop'
run git aergo schema

say 'A change is an SQL script, signed by whoever wants it. With --commit it goes into a block at once.'
run git aergo sql --commit "UPDATE price SET cents = cents + 20 WHERE item = 'bread' RETURNING item, cents"
run git aergo sql --commit --message 'Tea' "INSERT INTO price VALUES ('tea', 410)"
run git aergo log

say 'Nothing is overwritten: ask about now, about any block, or for the difference.'
run git aergo query 'SELECT count(*) AS items, sum(cents) AS total FROM price'
run git aergo query --at @1 'SELECT count(*) AS items, sum(cents) AS total FROM price'
run git aergo diff @1 @3
run git aergo show

say 'A branch is private to whoever makes it: nobody else can append to it.'
run git aergo branch sale
run git aergo checkout sale
run git aergo sql --commit 'UPDATE price SET cents = cents - 10'
run git aergo query 'SELECT item, cents FROM price ORDER BY item'
run git aergo checkout main
run git aergo query 'SELECT item, cents FROM price ORDER BY item'

say 'What does not keep the rules of its table changes nothing.'
refused git aergo sql "INSERT INTO price VALUES ('bread', 1)"

say 'It is all in git: blocks are commits, signed as git signs them, and rows are lines of text.'
run git log --max-count 2 --show-signature
run git show --stat --format='%h %s' HEAD
run git show HEAD:ledger/block.json
run git show HEAD:ledger/state/public/price/_bread-

say 'Trust nothing: a fresh clone checks every signature, rule and result from the first block on.'
cd ..
run git clone --quiet shop copy
cd copy
run git aergo verify

say 'Somebody changes a price with git alone, past the ledger.'
chunk=ledger/state/public/price/_bread-
blob=$(git cat-file blob "HEAD:$chunk" | sed 's/410/1/' | git hash-object -w --stdin)
run git update-index --cacheinfo "100644,$blob,$chunk"
run git commit --quiet --message 'Cheap tea'
refused git aergo verify

say 'That was the tour. man git-aergo has the rest.'
