#include "checksum.h"

int checksum(const char *text) {
  int sum = 0;
  for (; *text != 0; text++) {
    // "char" alone is signed on x86 and unsigned on Arm, so this says which
    signed char byte = *text;
    sum = sum * 31 % 65521 + byte;
  }
  return sum;
}
