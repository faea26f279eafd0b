/* An HTTP/1.1 answer, read as it comes (RFC 9112). */
#ifndef STOA_CLI_BENCH_HTTP_H
#define STOA_CLI_BENCH_HTTP_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_HEAD_BYTES 65536                   /* most of status line and headers, interim answers included */
#define ANSWER_BODY_BYTES ((uint64_t)256 << 20)   /* most of a body */
#define ANSWER_KEPT_BYTES ((size_t)1 << 20)       /* most of a body that is kept: what is captured must stand in it */

enum answer_state { ANSWER_MORE, ANSWER_WHOLE, ANSWER_BAD };

enum answer_part { PART_HEAD, PART_LENGTH, PART_SIZE, PART_CHUNK, PART_CHUNK_END, PART_TRAILER, PART_CLOSE, PART_DONE };

struct answer {
	bool keep;                /* set before the first byte: head and body are kept for answer_header() and answer_body() */
	bool bodiless;            /* likewise: the answer to HEAD */
	int status;               /* of the final answer */
	bool close;               /* the connection ends with this answer */
	bool retry_after;         /* it has such a header */
	uint64_t bytes;           /* of the body, decoded */
	const char *fault;        /* of ANSWER_BAD: what is wrong */
	/* its own */
	enum answer_part part;
	uint64_t left;
	size_t head_bytes;
	struct buffer line;       /* a head or line that is not whole yet */
	struct buffer head, body; /* kept */
};

/* Begins a new answer; keeps the memory. */
void answer_reset(struct answer *answer, bool keep, bool bodiless);
void answer_free(struct answer *answer);
/* Takes the next bytes. WHOLE: the answer is complete, and these were its last bytes. BAD: not HTTP/1.x, more than was announced, beyond the
 * limits. Not to be called again until answer_reset(). */
enum answer_state answer_take(struct answer *answer, const char *data, size_t bytes);
/* The connection was closed: WHOLE when that ends the body, else BAD. */
enum answer_state answer_end(struct answer *answer);

/* The value of the header's n-th line (0 is the first), of a kept head; NULL: none. bytes_out: its length; it is not NUL-ended. */
const char *answer_header(const struct answer *answer, const char *name, int n, size_t *bytes_out);

#endif
