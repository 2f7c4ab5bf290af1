#!/bin/sh
echo "Hello from $(uname -m). This image was built for $(cat /built-on)."
