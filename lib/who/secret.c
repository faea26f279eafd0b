#include "who/secret.h"

#include "base/clock.h"
#include "base/turn.h"
#include "text/json.h"
#include "who/password_words.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PURPOSES SECRET_CONSENT
#define KEY_BYTES 32
#define HASH_OPERATIONS 2
#define HASH_MEMORY ((size_t)19 << 20)

const struct conf_row SECRET_CONF[] = {
	{.name = "secret.key_file", .type = CONF_PATH, .fallback = STOA_SYSCONFDIR "/stoa/house.key",
		.help = "32 random bytes, mode 0600 or 0640, that every other key derives from"},
	{.name = "secret.hashes_at_once", .type = CONF_INT, .fallback = "0", .least = 0, .most = 256,
		.help = "password hashes that run at once, 19 MiB each; 0 = the number of cores"},
	CONF_END};

static struct {
	uint8_t subkeys[PURPOSES + 1][KEY_BYTES];
	char dummy_hash[PASSWORD_HASH_TEXT];
	pthread_mutex_t mutex;
	pthread_cond_t freed;
	int free_places;
} house;

static bool random_file_write(int fd, const uint8_t key[KEY_BYTES])
{
	return write(fd, key, KEY_BYTES) == KEY_BYTES && fsync(fd) == 0;
}

bool secret_create(const char *path, char message_out[256])
{
	uint8_t key[KEY_BYTES];
	int fd;
	bool written;

	if (sodium_init() < 0) {
		snprintf(message_out, 256, "libsodium cannot be initialised");
		return false;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return true;
	if (fd < 0) {
		snprintf(message_out, 256, "secret.key_file %.150s: %s", path, strerror(errno));
		return false;
	}
	randombytes_buf(key, sizeof key);
	written = random_file_write(fd, key);
	sodium_memzero(key, sizeof key);
	if (!written) {
		snprintf(message_out, 256, "secret.key_file %.150s: %s", path, strerror(errno));
		unlink(path);
	}
	close(fd);
	return written;
}

static bool key_read(const char *path, uint8_t key_out[KEY_BYTES], char message_out[256])
{
	struct stat status;
	uint8_t more;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool read_all = false;

	if (fd < 0) {
		snprintf(message_out, 256, "secret.key_file %.150s: %s", path, strerror(errno));
		return false;
	}
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		snprintf(message_out, 256, "secret.key_file %.150s is not a regular file", path);
	else if (status.st_mode & 027)
		snprintf(message_out, 256, "secret.key_file %.150s: mode %04o lets others in; chmod it to 0600 or 0640", path,
			(unsigned)(status.st_mode & 07777));
	else if (read(fd, key_out, KEY_BYTES) != KEY_BYTES || read(fd, &more, 1) != 0)
		snprintf(message_out, 256, "secret.key_file %.150s does not hold exactly %d bytes", path, KEY_BYTES);
	else
		read_all = true;
	close(fd);
	return read_all;
}

static bool places_open(char message_out[256])
{
	static bool made;
	pthread_condattr_t attributes;
	int places = (int)conf_int("secret.hashes_at_once");

	if (places == 0)
		places = (int)sysconf(_SC_NPROCESSORS_ONLN);
	house.free_places = places > 0 ? places : 1;
	if (made)
		return true;
	pthread_condattr_init(&attributes);
	made = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 && pthread_mutex_init(&house.mutex, NULL) == 0
		&& pthread_cond_init(&house.freed, &attributes) == 0;
	pthread_condattr_destroy(&attributes);
	if (!made)
		snprintf(message_out, 256, "no lock for password hashes");
	return made;
}

bool secret_open(char message_out[256])
{
	uint8_t key[KEY_BYTES];
	uint8_t nothing[KEY_BYTES];

	if (sodium_init() < 0) {
		snprintf(message_out, 256, "libsodium cannot be initialised");
		return false;
	}
	if (!key_read(conf_string("secret.key_file"), key, message_out) || !places_open(message_out))
		return false;
	for (int purpose = 1; purpose <= PURPOSES; purpose++)
		crypto_kdf_derive_from_key(house.subkeys[purpose], KEY_BYTES, (uint64_t)purpose, "stoahous", key);
	sodium_memzero(key, sizeof key);
	randombytes_buf(nothing, sizeof nothing);
	if (crypto_pwhash_str_alg(house.dummy_hash, (const char *)nothing, sizeof nothing, HASH_OPERATIONS, HASH_MEMORY,
			crypto_pwhash_ALG_ARGON2ID13) != 0) {
		snprintf(message_out, 256, "not enough memory for one password hash (19 MiB)");
		return false;
	}
	return true;
}

void hmac_sha256(const void *key, size_t key_bytes, const void *data, size_t bytes, uint8_t mac_out[32])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key, key_bytes);
	crypto_auth_hmacsha256_update(&state, data, bytes);
	crypto_auth_hmacsha256_final(&state, mac_out);
}

void secret_mac(enum secret_purpose purpose, const void *data, size_t bytes, uint8_t mac_out[SECRET_MAC_BYTES])
{
	hmac_sha256(house.subkeys[purpose], KEY_BYTES, data, bytes, mac_out);
}

void sha256(const void *data, size_t bytes, uint8_t hash_out[32])
{
	crypto_hash_sha256(hash_out, data, bytes);
}

bool secret_equal(const void *a, const void *b, size_t bytes)
{
	return sodium_memcmp(a, b, bytes) == 0;
}

void secret_seal(struct ctx *ctx, const char *bound, const void *data, size_t bytes, const uint8_t **sealed_out,
	size_t *sealed_bytes_out)
{
	uint8_t key[KEY_BYTES];
	size_t sealed_bytes = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + bytes;
	uint8_t *sealed = arena_alloc(&ctx->arena, sealed_bytes);

	secret_mac(SECRET_SEAL, bound, strlen(bound), key);
	randombytes_buf(sealed, crypto_secretbox_NONCEBYTES);
	crypto_secretbox_easy(sealed + crypto_secretbox_NONCEBYTES, data, bytes, sealed, key);
	sodium_memzero(key, sizeof key);
	*sealed_out = sealed;
	*sealed_bytes_out = sealed_bytes;
}

enum err secret_unseal(struct ctx *ctx, const char *bound, const uint8_t *sealed, size_t bytes, const char **data_out,
	size_t *data_bytes_out)
{
	const size_t extra = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
	uint8_t key[KEY_BYTES];
	char *data;
	int opened;

	if (bytes < extra)
		return fail(ctx, ERR_INTERNAL, "A stored secret cannot be read");
	data = arena_alloc(&ctx->arena, bytes - extra + 1);
	secret_mac(SECRET_SEAL, bound, strlen(bound), key);
	opened = crypto_secretbox_open_easy((uint8_t *)data, sealed + crypto_secretbox_NONCEBYTES,
		bytes - crypto_secretbox_NONCEBYTES, sealed, key);
	sodium_memzero(key, sizeof key);
	if (opened != 0)
		return fail(ctx, ERR_INTERNAL, "A stored secret cannot be read");
	data[bytes - extra] = 0;
	*data_out = data;
	*data_bytes_out = bytes - extra;
	return OK;
}

static struct timespec deadline_of(const struct ctx *ctx)
{
	int64_t us = ctx->deadline_us ? ctx->deadline_us : clock_mono_us() + 30 * 1000000;

	return (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
}

static enum err place_take(struct ctx *ctx)
{
	struct timespec deadline = deadline_of(ctx);
	int waited = 0;
	bool taken;

	turn_pass();
	pthread_mutex_lock(&house.mutex);
	while (house.free_places == 0 && waited != ETIMEDOUT)
		waited = pthread_cond_timedwait(&house.freed, &house.mutex, &deadline);
	taken = house.free_places > 0;
	if (taken)
		house.free_places--;
	pthread_mutex_unlock(&house.mutex);
	if (taken)
		return OK;
	fail(ctx, ERR_UNAVAILABLE, "Too many sign-ins at once");
	ctx->fault.retry_after_s = 1;
	return ERR_UNAVAILABLE;
}

static void place_give(void)
{
	pthread_mutex_lock(&house.mutex);
	house.free_places++;
	pthread_cond_signal(&house.freed);
	pthread_mutex_unlock(&house.mutex);
}

enum err password_hash(struct ctx *ctx, const char *password, char hash_out[PASSWORD_HASH_TEXT])
{
	int hashed;

	_Static_assert(PASSWORD_HASH_TEXT >= crypto_pwhash_STRBYTES, "room for libsodium's text");
	TRY(place_take(ctx));
	hashed = crypto_pwhash_str_alg(hash_out, password, strlen(password), HASH_OPERATIONS, HASH_MEMORY,
		crypto_pwhash_ALG_ARGON2ID13);
	place_give();
	return hashed == 0 ? OK : fail(ctx, ERR_UNAVAILABLE, "Not enough memory to check a password");
}

enum err password_verify(struct ctx *ctx, const char *hash, const char *password, bool *match_out, bool *rehash_out)
{
	const bool known = hash && *hash;
	int verified;

	TRY(place_take(ctx));
	verified = crypto_pwhash_str_verify(known ? hash : house.dummy_hash, password, strlen(password));
	place_give();
	*match_out = known && verified == 0;
	*rehash_out = *match_out && crypto_pwhash_str_needs_rehash(hash, HASH_OPERATIONS, HASH_MEMORY) != 0;
	return OK;
}

static bool one_character(const char *text)
{
	return strspn(text, (char[]){text[0], 0}) == strlen(text);
}

/* True when text holds the e-mail address's part before the @, in any case. */
static bool holds_name(const char *text, const char *email)
{
	size_t length = strcspn(email, "@");

	if (length < 4)
		return false;
	for (; *text; text++)
		if (strncasecmp(text, email, length) == 0)
			return true;
	return false;
}

static bool is_common(const char *text)
{
	for (int i = 0; PASSWORD_WORDS[i]; i++)
		if (strcasecmp(text, PASSWORD_WORDS[i]) == 0)
			return true;
	return false;
}

enum err password_check(struct ctx *ctx, const char *password, const char *email)
{
	size_t bytes = strlen(password);
	size_t length;

	if (!utf8_valid(password, bytes))
		return fail_field(ctx, ERR_INVALID, "password", "The password is not valid UTF-8");
	length = utf8_length(password, bytes);
	if (length < PASSWORD_LEAST)
		return fail_field(ctx, ERR_INVALID, "password", "The password needs at least %d characters", PASSWORD_LEAST);
	if (length > PASSWORD_MOST)
		return fail_field(ctx, ERR_INVALID, "password", "The password has more than %d characters", PASSWORD_MOST);
	if (one_character(password))
		return fail_field(ctx, ERR_INVALID, "password", "The password repeats one character");
	if (email && holds_name(password, email))
		return fail_field(ctx, ERR_INVALID, "password", "The password contains the e-mail address's name");
	if (is_common(password))
		return fail_field(ctx, ERR_INVALID, "password", "The password is one of the first that are guessed");
	return OK;
}
