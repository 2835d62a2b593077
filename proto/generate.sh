#!/bin/sh
# Regenerates what follows from proto/: the C messages and their Swift conformances (`make proto`).
set -eu
cd "$(dirname "$0")/.."
protoc-c -I proto --c_out=Sources/CMessages proto/*.proto
mv Sources/CMessages/*.pb-c.h Sources/CMessages/include/
{
  echo "// Written by proto/generate.sh: each generated struct and the function that prepares it."
  echo
  echo "internal import CMessages"
  sed -n 's/^message \([A-Za-z]*\).*/\1/p' proto/*.proto | while read -r name; do
    function=$(echo "$name" | sed 's/\([a-z]\)\([A-Z]\)/\1_\2/g' | tr 'A-Z' 'a-z')
    echo
    echo "extension Martlet__$name: CMessage {"
    echo "  static func prepare(_ wire: UnsafeMutablePointer<Self>) { martlet__${function}__init(wire) }"
    echo "}"
  done
} > Sources/Messages/GeneratedMessages.swift
swift format --in-place Sources/Messages/GeneratedMessages.swift
