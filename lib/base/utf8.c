#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* Table 3-7 of the Unicode standard: the second byte's range depends on the first. */
size_t utf8_step(const char *text, size_t bytes)
{
	const unsigned char *c = (const unsigned char *)text;
	unsigned char least = 0x80, most = 0xbf;
	size_t length;

	if (!bytes)
		return 0;
	if (c[0] < 0x80)
		return 1;
	if (c[0] < 0xc2 || c[0] > 0xf4)
		return 0;
	length = c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
	if (bytes < length)
		return 0;
	if (c[0] == 0xe0)
		least = 0xa0;
	else if (c[0] == 0xed)
		most = 0x9f;
	else if (c[0] == 0xf0)
		least = 0x90;
	else if (c[0] == 0xf4)
		most = 0x8f;
	if (c[1] < least || c[1] > most)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (!is_tail(c[i]))
			return 0;
	return length;
}

bool utf8_valid(const char *text, size_t bytes)
{
	size_t at = 0;

	while (at < bytes) {
		uint64_t eight;
		size_t step;

		if (bytes - at >= sizeof eight) {
			memcpy(&eight, text + at, sizeof eight);
			if (!(eight & UINT64_C(0x8080808080808080))) {
				at += sizeof eight;
				continue;
			}
		}
		step = utf8_step(text + at, bytes - at);
		if (!step)
			return false;
		at += step;
	}
	return true;
}

size_t utf8_length(const char *text, size_t bytes)
{
	size_t count = 0;

	for (size_t i = 0; i < bytes; i++)
		count += !is_tail((unsigned char)text[i]);
	return count;
}

size_t utf8_cut(const char *text, size_t most)
{
	size_t length = strnlen(text, most + 1);

	if (length <= most)
		return length;
	for (length = most; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
		length--;
	return length;
}
