/* The bare limit of the benches: a threaded FastCGI responder that prints a constant.
 *
 * bare THREADS BYTES, with the listening socket as descriptor 0. */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char reply[65536];
static int reply_length;

static void *answer(void *unused)
{
	FCGX_Request request;
	char drain[4096];

	(void)unused;
	FCGX_InitRequest(&request, 0, 0);
	while (FCGX_Accept_r(&request) == 0) {
		while (FCGX_GetStr(drain, sizeof drain, request.in) == (int)sizeof drain)
			;
		FCGX_PutStr(reply, reply_length, request.out);
		FCGX_Finish_r(&request);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 16;
	int bytes = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 64;
	pthread_t thread;

	if (threads < 1 || bytes < 1 || bytes > 60000) {
		fprintf(stderr, "usage: bare THREADS BYTES\n");
		return 2;
	}
	reply_length = snprintf(reply, sizeof reply, "Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", bytes);
	memset(reply + reply_length, 'x', (size_t)bytes);
	reply_length += bytes;
	FCGX_Init();
	for (int i = 1; i < threads; i++)
		pthread_create(&thread, NULL, answer, NULL);
	answer(NULL);
	return 0;
}
