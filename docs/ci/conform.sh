#!/bin/sh
# Conformance suites as a CI job: no daemon, no root, no network but what cargo needs to build.
# Ends as `purse conform run` does: 0 all passed, 4 nothing was selected, 100 a case failed.
#
#   PURSE    the program; without it, it is built from the checkout that this script lies in
#   SUITES   all, families, or suite files, with blanks between
#   CARD     which card, as --card names it
#   OPTIONS  further options of purse conform run
#   REPORTS  the folder for junit.xml, report.html and events.jsonl
set -eu
: "${SUITES:=all}" "${CARD:=virtual:jtt978}" "${OPTIONS:=}" "${REPORTS:=conformance}"

if [ -z "${PURSE:-}" ]; then
    checkout=$(cd "$(dirname "$0")/../.." && pwd)
    cargo build --locked --release --package cli --manifest-path "$checkout/Cargo.toml"
    PURSE="${CARGO_TARGET_DIR:-$checkout/target}/release/purse"
fi

mkdir -p "$REPORTS"
# Suites and options are words, and meant to be split.
# shellcheck disable=SC2086
exec "$PURSE" conform run $SUITES --card "$CARD" $OPTIONS \
    --junit "$REPORTS/junit.xml" --html "$REPORTS/report.html" --jsonl "$REPORTS/events.jsonl"
