#!/bin/sh
# make-site.sh TEXTS SITE: writes a page for each text, and a page with links to all of them.
set -eu
mkdir -p "$2"
{
  echo '<!doctype html><title>Texts</title><ul>'
  for text in "$1"/*.txt; do
    name=$(basename "$text" .txt)
    {
      echo "<!doctype html><title>$name</title><pre>"
      sed 's/&/\&amp;/g; s/</\&lt;/g' "$text"
      echo "</pre>"
    } > "$2/$name.html"
    echo "<li><a href=\"$name.html\">$name</a> ($(wc -w < "$text") words)"
  done
  echo "</ul><p>Made on $(uname -m)."
} > "$2/index.html"
