#!/bin/sh
echo "$1 on $(uname -m)"
