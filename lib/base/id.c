#include "base/id.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Milliseconds and 12 bits below them, as one number that only grows (RFC 9562, section 6.2, method 3). */
static _Atomic uint64_t id_last;

/* A fork copies the threads' random pools; the child must not hand out the same bytes. */
static atomic_uint id_forks;
static pthread_once_t id_once = PTHREAD_ONCE_INIT;

struct id_pool {
	unsigned forks;
	size_t left;
	uint8_t bytes[256]; /* the most that getrandom() gives without interruption */
};

static void random_fill(void *out, size_t bytes)
{
	uint8_t *at = out;

	while (bytes) {
		ssize_t got = getrandom(at, bytes, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			LOG(LOG_ERROR, "no-randomness", LOG_N("errno", errno));
			abort();
		}
		at += got;
		bytes -= (size_t)got;
	}
}

static void forked(void)
{
	atomic_fetch_add_explicit(&id_forks, 1, memory_order_relaxed);
}

static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, forked);
}

static uint64_t random_next(void)
{
	static _Thread_local struct id_pool pool;
	unsigned forks;
	uint64_t value;

	pthread_once(&id_once, watch_forks);
	forks = atomic_load_explicit(&id_forks, memory_order_relaxed);
	if (pool.left < sizeof value || pool.forks != forks) {
		random_fill(pool.bytes, sizeof pool.bytes);
		pool.left = sizeof pool.bytes;
		pool.forks = forks;
	}
	pool.left -= sizeof value;
	memcpy(&value, pool.bytes + pool.left, sizeof value);
	return value;
}

static uint64_t tick_next(void)
{
	uint64_t now_us = (uint64_t)clock_wall_us();
	uint64_t now = (now_us / 1000) << 12 | (now_us % 1000) * 4096 / 1000;
	uint64_t last = atomic_load_explicit(&id_last, memory_order_relaxed);
	uint64_t next;

	do
		next = now > last ? now : last + 1;
	while (!atomic_compare_exchange_weak_explicit(&id_last, &last, next, memory_order_relaxed, memory_order_relaxed));
	return next;
}

void id_new(char out[ID_TEXT])
{
	uint64_t tick = tick_next();
	uint64_t high = (tick >> 12) << 16 | 0x7000 | (tick & 0xfff);
	uint64_t low = (random_next() & UINT64_C(0x3fffffffffffffff)) | UINT64_C(0x8000000000000000);
	uint8_t id[ID_BYTES];

	for (int i = 0; i < 8; i++) {
		id[i] = (uint8_t)(high >> (56 - 8 * i));
		id[8 + i] = (uint8_t)(low >> (56 - 8 * i));
	}
	id_format(id, out);
}

static bool hyphen_at(int place)
{
	return place == 8 || place == 13 || place == 18 || place == 23;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool id_parse(const char *text, uint8_t out[ID_BYTES])
{
	uint8_t id[ID_BYTES] = {0};
	int digits = 0;

	if (!text)
		return false;
	for (int i = 0; i < ID_TEXT - 1; i++) {
		int digit = hex_digit(text[i]);

		if (hyphen_at(i)) {
			if (text[i] != '-')
				return false;
			continue;
		}
		if (digit < 0)
			return false;
		id[digits / 2] = (uint8_t)(id[digits / 2] << 4 | digit);
		digits++;
	}
	if (text[ID_TEXT - 1] != '\0')
		return false;
	memcpy(out, id, sizeof id);
	return true;
}

bool id_valid(const char *text)
{
	uint8_t id[ID_BYTES];

	return id_parse(text, id);
}

void id_format(const uint8_t id[ID_BYTES], char out[ID_TEXT])
{
	static const char HEX[] = "0123456789abcdef";
	int at = 0;

	for (int i = 0; i < ID_BYTES; i++) {
		if (hyphen_at(at))
			out[at++] = '-';
		out[at++] = HEX[id[i] >> 4];
		out[at++] = HEX[id[i] & 15];
	}
	out[at] = '\0';
}

void id_token(char *out, size_t bytes)
{
	static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	int have = 0;

	while (bytes) {
		uint8_t chunk[48];
		size_t take = bytes < sizeof chunk ? bytes : sizeof chunk;

		random_fill(chunk, take);
		bytes -= take;
		for (size_t i = 0; i < take; i++) {
			bits = bits << 8 | chunk[i];
			for (have += 8; have >= 6; have -= 6)
				*out++ = ALPHABET[bits >> (have - 6) & 63];
		}
		explicit_bzero(chunk, sizeof chunk);
	}
	if (have)
		*out++ = ALPHABET[bits << (6 - have) & 63];
	*out = '\0';
}
