/* An HTTP answer comes out the same however it is cut, and stays within its limits. The first byte says where it is cut and what was asked. */
#include "cli/bench/http.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum answer_state take(struct answer *answer, const char *text, size_t bytes, size_t part, bool head)
{
	enum answer_state state = ANSWER_MORE;
	answer_reset(answer, true, head);
	for (size_t at = 0; at < bytes && state != ANSWER_BAD; at += part)
		state = answer_take(answer, text + at, bytes - at < part ? bytes - at : part);
	return state == ANSWER_MORE ? answer_end(answer) : state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer whole = {0}, parts = {0};
	size_t bytes;

	if (!size)
		return 0;
	bool head = data[0] & 1;
	enum answer_state one = take(&whole, (const char *)data + 1, size - 1, size, head), other = take(&parts, (const char *)data + 1, size - 1,
		1 + (data[0] >> 1), head);
	if (one != other)
		abort();
	if (one == ANSWER_WHOLE && (whole.status != parts.status || whole.bytes != parts.bytes || whole.close != parts.close ||
		whole.status < 200 || whole.status > 599 || whole.body.length != parts.body.length ||
		(whole.body.length && memcmp(whole.body.data, parts.body.data, whole.body.length))))
		abort();
	const char *value = answer_header(&whole, "Set-Cookie", 0, &bytes);
	if (value && (value < whole.head.data || value + bytes > whole.head.data + whole.head.length))
		abort();
	answer_free(&whole);
	answer_free(&parts);
	return 0;
}
