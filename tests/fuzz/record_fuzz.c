/* Any bytes from a web server, in pieces: the same request whatever the pieces are. */
#include "web/record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool feed(struct inbound *in, const uint8_t *data, size_t size, size_t piece)
{
	inbound_reset(in);
	in->body_most = 1000;
	for (size_t at = 0; at < size; at += piece)
		if (!inbound_feed(in, data + at, size - at < piece ? size - at : piece))
			return false;
	return true;
}

static bool same(const struct buffer *a, const struct buffer *b)
{
	return a->length == b->length && (!a->length || !memcmp(a->data, b->data, a->length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inbound whole = {0}, pieces = {0};
	const char *name, *value;
	size_t at = 0, sum = 0;
	bool taken = feed(&whole, data, size, size + 1);

	if (taken != feed(&pieces, data, size, size ? data[0] % 7 + 1 : 1))
		abort();
	if (taken && (!same(&whole.params, &pieces.params) || !same(&whole.body, &pieces.body) || whole.done != pieces.done))
		abort();
	if (whole.body.length > whole.body_most)
		abort();
	while (inbound_pair(&whole, &at, &name, &value))
		sum += strlen(name) + strlen(value);
	if (at > whole.params.length || sum > whole.params.length)
		abort();
	inbound_free(&whole);
	inbound_free(&pieces);
	return 0;
}
