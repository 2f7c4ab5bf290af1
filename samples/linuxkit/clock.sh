#!/bin/sh
while true; do
  echo "$(date -u) on $(cat /etc/built-on)"
  sleep 60
done
