#include "text/language.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char *const CODES[] = {"en", "de", "fr", "es"};
#define CODE_COUNT (sizeof CODES / sizeof *CODES)

const char *language_of(const char *code)
{
	for (size_t i = 0; code && i < CODE_COUNT; i++)
		if (strcmp(code, CODES[i]) == 0)
			return CODES[i];
	return CODES[0];
}

/* "0.7" as 700; -1: no weight. */
static int weight_read(const char *at)
{
	int weight = *at == '1' ? 1000 : 0;

	if (*at != '0' && *at != '1')
		return -1;
	if (*++at != '.')
		return weight;
	for (int unit = 100; unit && isdigit((unsigned char)*++at); unit /= 10)
		weight += (*at - '0') * unit;
	return weight > 1000 ? -1 : weight;
}

/* What stands behind the range, up to its comma: ";q=0.7", with blanks. */
static int weight_of(const char *at)
{
	at += strspn(at, " \t");
	if (*at != ';')
		return 1000;
	at++;
	at += strspn(at, " \t");
	return (*at == 'q' || *at == 'Q') && at[1] == '=' ? weight_read(at + 2) : -1;
}

static const char *code_at(const char *range, size_t length)
{
	size_t primary = strcspn(range, "-,; \t");

	for (size_t i = 0; i < CODE_COUNT; i++)
		if (primary <= length && primary == 2 && strncasecmp(range, CODES[i], 2) == 0)
			return CODES[i];
	return NULL;
}

const char *language_accepted(const char *header)
{
	const char *best = CODES[0];
	int most = 0;

	for (const char *at = header; at && *(at += strspn(at, ", \t")); at += strcspn(at, ",")) {
		size_t length = strcspn(at, ",; \t");
		const char *code = code_at(at, length);
		int weight = code ? weight_of(at + length) : -1;

		if (weight > most) {
			most = weight;
			best = code;
		}
	}
	return best;
}
