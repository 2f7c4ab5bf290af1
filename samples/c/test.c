#include <stdio.h>
#include "checksum.h"

static int expect(const char *text, int expected) {
  int actual = checksum(text);
  printf("%s checksum of \"%s\": %d\n", actual == expected ? "ok    " : "FAILED", text, actual);
  return actual != expected;
}

int main(void) {
  int failures = expect("", 0) + expect("ab", 97 * 31 + 98);
  // the bytes of this letter are 0xC3 and 0xA9
  failures += expect("\xc3\xa9", (0xc3 - 256) * 31 + (0xa9 - 256));
  return failures > 0;
}
