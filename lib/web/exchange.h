/* The FastCGI transport's connections: what fastcgi.c, door.c and exchange.c share. Private to lib/web. */
#ifndef STOA_WEB_EXCHANGE_H
#define STOA_WEB_EXCHANGE_H

#include "base/turn.h"
#include "web/admit.h"
#include "web/record.h"
#include "web/site.h"

#include <sys/un.h>

#define HEADERS 96
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define THREAD_STACK_BYTES (2 << 20)
#else
#define THREAD_STACK_BYTES (256 << 10)
#endif
#define DRAIN_MS 2000 /* for a peer that is still sending what nobody will read */

struct exchange;
struct door;

struct listener {
	struct site *site;
	int socket, stop; /* stop: an eventfd, readable for ever once set */
	atomic_bool stopping;
	char path[sizeof((struct sockaddr_un){0}.sun_path)]; /* of a socket that we made, or empty */
	ino_t inode;
	int backlog;
	struct turn turn; /* to accept */
	atomic_bool idle; /* who has the turn waits for a connection */
	atomic_int in_a_row; /* accepted without a wait */
	struct door *door; /* NULL: there is one thread only */
	pthread_mutex_t lock;
	pthread_cond_t returned;
	struct exchange *spare; /* the last used first: its memory is warm */
	int most, used;         /* at work, or answered by others later */
};

/* A connection with its request and reply, used again and again. A deferred reply keeps it while its thread takes another. */
struct exchange {
	struct waiting waiting; /* first: in line */
	struct listener *listener;
	struct exchange *next; /* spare */
	int fd;
	struct inbound in;
	struct req req;
	struct rep rep;
	struct buffer out;
	struct { const char *name, *value; size_t length; } headers[HEADERS]; /* HTTP_…, without the prefix */
	int header_count;
	const char *content_type, *content_length;
};

/* One to be worked on: waits while as many as may be are in flight. */
struct exchange *exchange_take(struct listener *listener);
void exchange_return(struct exchange *exchange);
/* One that is not worked on yet, and counts for nothing. */
struct exchange *exchange_spare(struct listener *listener);
void exchange_put_back(struct exchange *exchange);
/* A worker's own goes back to the spare ones, because it works on one from the line instead. NULL: it had none; counted beyond the most. */
void exchange_change(struct listener *listener, struct exchange *own);
/* Not worked on any more, but not spare either: it waits in line. */
void exchange_leave(struct exchange *exchange);
/* Waits for what is in flight. */
void exchanges_free(struct listener *listener);

/* A connection is there. */
void exchange_begin(struct exchange *exchange, int fd);

enum reading { READING_MORE, READING_DONE, READING_FAILED };
/* Reads what is there, and waits for nothing. DONE: the parameters are complete, and read. */
enum reading exchange_read(struct exchange *exchange);
/* Reads all. Faults of the body stay in ctx: dispatch answers them. False: nobody to answer. */
bool request_read(struct exchange *exchange);
/* Works on one from the line, whose parameters are read and whose place is taken. False: the reply is deferred, and with it goes the exchange. */
bool exchange_work(struct exchange *exchange);
/* The same once it is read as a whole. */
bool exchange_run(struct exchange *exchange);
/* Without the end of the request behind what was sent, the web server knows that the reply is cut. */
void reply_write(struct exchange *exchange);
/* Takes what comes and forgets it; false: no more can. */
bool exchange_drain(struct exchange *exchange);
/* Closes without a wait. */
void exchange_close(struct exchange *exchange);
/* As exchange_close(), but a peer that is still sending is read first, for a while: a connection that is closed with bytes unread is
 * reset, and the reply with it. */
void hang_up(struct exchange *exchange);

#endif
