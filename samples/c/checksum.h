/** A checksum of a text. Bytes count from -128 to 127. */
int checksum(const char *text);
