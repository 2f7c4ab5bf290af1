#include <stdio.h>
#include "checksum.h"

int main(int count, char **words) {
  for (int i = 1; i < count; i++) {
    printf("%d %s\n", checksum(words[i]), words[i]);
  }
  return 0;
}
