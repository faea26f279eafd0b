#include "text/signature.h"

#include <stdlib.h>
#include <string.h>

#define HEX 64

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_read(const char *text, uint8_t out[32])
{
	for (int i = 0; i < 32; i++) {
		int high = hex_digit(text[2 * i]), low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool time_read(const char *text, size_t length, struct signature *signature)
{
	if (length < 1 || length > 15 || signature->time[0])
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	memcpy(signature->time, text, length);
	signature->time_s = strtoll(signature->time, NULL, 10);
	return true;
}

bool signature_read(const char *text, struct signature *signature_out)
{
	while (*text) {
		size_t length = strcspn(text, ",");

		if (strncmp(text, "t=", 2) == 0) {
			if (!time_read(text + 2, length - 2, signature_out))
				return false;
		} else if (strncmp(text, "v1=", 3) == 0 && length == 3 + HEX && signature_out->count < SIGNATURES_MOST) {
			signature_out->count += hex_read(text + 3, signature_out->macs[signature_out->count]);
		}
		text += length;
		if (*text == ',')
			text++;
	}
	return signature_out->time[0] && signature_out->count > 0;
}
