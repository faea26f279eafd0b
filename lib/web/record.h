/* FastCGI records (specification 1.0, sections 3 to 6) of one request on one connection, as web servers send them. Private to lib/web.
 *
 * Instead of libfcgi, which asks the system eight things a request where four do, and which a hostile peer can crash. One request a
 * connection: the connection is closed behind the reply also when the server asked to keep it, which section 3.5 leaves to us.
 * Records of other requests and management records are passed over. */
#ifndef STOA_WEB_RECORD_H
#define STOA_WEB_RECORD_H

#include "base/buffer.h"

/* What the web server sends. Zeroed, with body.limit unset, is ready for the first request. */
struct inbound {
	struct buffer params;    /* encoded; complete with params_done */
	struct buffer body;
	size_t body_most;        /* what comes beyond is dropped; set by the caller */
	bool params_done, done;  /* the empty record behind the parameters, behind the body */
	/* own */
	unsigned char head[8], begin[8];
	size_t head_got, begin_got, content_left, padding_left;
	unsigned id;
	bool begun;
};

void inbound_reset(struct inbound *inbound); /* keeps the buffers' memory */
void inbound_free(struct inbound *inbound);
/* Takes bytes in pieces of any size. False: no FastCGI request to a responder, or too many parameters: hang up. */
bool inbound_feed(struct inbound *inbound, const void *data, size_t bytes);
/* Decodes the pair at *at in place, so once, and moves on. Name and value are NUL-terminated and live as long as params. False at the
 * end, where *at is params.length, or at a pair that is malformed. */
bool inbound_pair(struct inbound *inbound, size_t *at, const char **name_out, const char **value_out);

/* Bytes of one record of standard output, and of what ends a reply. */
#define RECORD_HEAD 8
#define RECORD_MOST 65528 /* content of one record, a multiple of 8 */
#define RECORD_END 24
void record_head(unsigned char out[RECORD_HEAD], unsigned id, size_t bytes);
void record_end(unsigned char out[RECORD_END], unsigned id);

#endif
