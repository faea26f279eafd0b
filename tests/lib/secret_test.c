/* The house key, what derives from it, and passwords. */
#include "tests/lib/database.h"

#include "who/secret.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/stat.h>

static char folder[] = "/tmp/stoa-secret.XXXXXX";
static char key_path[128];

static void hex_is(const uint8_t *bytes, size_t count, const char *wanted)
{
	char hex[129];

	sodium_bin2hex(hex, sizeof hex, bytes, count);
	assert_string_equal(hex, wanted);
}

static void test_hashes(void **state)
{
	uint8_t out[32];
	uint8_t key[131];

	(void)state;
	sha256("abc", 3, out); /* FIPS 180-4 */
	hex_is(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	memset(key, 0x0b, 20); /* RFC 4231, cases 1, 2 and 6 */
	hmac_sha256(key, 20, "Hi There", 8, out);
	hex_is(out, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
	hex_is(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	hmac_sha256(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
	hex_is(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_key_file(void **state)
{
	static const struct {
		mode_t mode;
		int bytes;
		bool good;
		const char *message;
	} rows[] = {
		{0600, 32, true, ""},
		{0640, 32, true, ""},
		{0400, 32, true, ""},
		{0644, 32, false, "lets others in"},
		{0660, 32, false, "lets others in"},
		{0604, 32, false, "lets others in"},
		{0600, 31, false, "exactly 32"},
		{0600, 33, false, "exactly 32"},
		{0600, 0, false, "exactly 32"},
	};
	char message[256], path[160];

	(void)state;
	snprintf(path, sizeof path, "%s/other.key", folder);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unlink(path); /* whoever is not root cannot write to a read-only one */
		FILE *file = fopen(path, "w");

		for (int byte = 0; byte < rows[i].bytes; byte++)
			fputc(byte, file);
		fclose(file);
		assert_int_equal(chmod(path, rows[i].mode), 0);
		setting("STOA_SECRET_KEY_FILE", path);
		*message = 0;
		if (secret_open(message) != rows[i].good || !strstr(message, rows[i].message))
			fail_msg("mode %o, %d bytes: %s", (unsigned)rows[i].mode, rows[i].bytes, message);
	}
	unlink(path);
	assert_false(secret_open(message));
	assert_non_null(strstr(message, "No such file"));
	setting("STOA_SECRET_KEY_FILE", folder);
	assert_false(secret_open(message));
	assert_non_null(strstr(message, "not a regular file"));
	setting("STOA_SECRET_KEY_FILE", key_path);
	assert_true(secret_open(message));
}

static void test_create_keeps(void **state)
{
	char message[256], first[33] = "", again[33] = "";
	struct stat status;
	FILE *file;

	(void)state;
	file = fopen(key_path, "r");
	assert_int_equal(fread(first, 1, 33, file), 32);
	fclose(file);
	assert_true(secret_create(key_path, message));
	file = fopen(key_path, "r");
	assert_int_equal(fread(again, 1, 33, file), 32);
	fclose(file);
	assert_memory_equal(first, again, 32);
	assert_int_equal(stat(key_path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_false(secret_create("/nowhere/house.key", message));
}

static void test_purposes_differ(void **state)
{
	uint8_t macs[5][SECRET_MAC_BYTES];

	(void)state;
	for (int purpose = SECRET_WIDGET_SESSION; purpose <= SECRET_CURSOR; purpose++)
		secret_mac((enum secret_purpose)purpose, "same", 4, macs[purpose]);
	for (int a = SECRET_WIDGET_SESSION; a <= SECRET_CURSOR; a++)
		for (int b = a + 1; b <= SECRET_CURSOR; b++)
			assert_memory_not_equal(macs[a], macs[b], SECRET_MAC_BYTES);
	secret_mac(SECRET_CSRF, "same", 4, macs[0]);
	assert_memory_equal(macs[0], macs[SECRET_CSRF], SECRET_MAC_BYTES);
	assert_true(secret_equal("abcd", "abcd", 4));
	assert_false(secret_equal("abcd", "abce", 4));
}

static void test_seal(void **state)
{
	static const char *const texts[] = {"", "x", "sk_test_123456789", "\x01\x02\xff"};
	struct ctx ctx;
	const uint8_t *sealed, *second;
	const char *opened;
	size_t sealed_bytes, second_bytes, bytes;

	(void)state;
	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		size_t length = strlen(texts[i]);
		uint8_t *changed;

		secret_seal(&ctx, "org-a", texts[i], length, &sealed, &sealed_bytes);
		secret_seal(&ctx, "org-a", texts[i], length, &second, &second_bytes);
		assert_memory_not_equal(sealed, second, sealed_bytes);
		assert_int_equal(secret_unseal(&ctx, "org-a", sealed, sealed_bytes, &opened, &bytes), OK);
		assert_int_equal(bytes, length);
		assert_string_equal(opened, texts[i]);
		assert_int_equal(secret_unseal(&ctx, "org-b", sealed, sealed_bytes, &opened, &bytes), ERR_INTERNAL);
		for (size_t at = 0; at < sealed_bytes; at++) {
			changed = (uint8_t *)arena_memdup(&ctx.arena, sealed, sealed_bytes);
			changed[at] ^= 1;
			assert_int_equal(secret_unseal(&ctx, "org-a", changed, sealed_bytes, &opened, &bytes), ERR_INTERNAL);
			assert_int_equal(secret_unseal(&ctx, "org-a", sealed, at, &opened, &bytes), ERR_INTERNAL);
		}
	}
	ctx_free(&ctx);
}

static void test_password_rules(void **state)
{
	char long_one[140];
	const struct {
		const char *password, *email, *word; /* word of the message; NULL = accepted */
	} rows[] = {
		{"twelve chars", "anna@example.com", NULL},
		{"eleven char", "anna@example.com", "at least 12"},
		{"", "anna@example.com", "at least 12"},
		{"éééééééééééx", "anna@example.com", NULL},
		{"éééééé", "anna@example.com", "at least 12"},
		{"aaaaaaaaaaaaaaaa", "bob@example.com", "repeats"},
		{"aaaaaaaaaaaaaaab", "bob@example.com", NULL},
		{"ANNA@example.com", "anna@example.com", "e-mail"},
		{"my name is Anna!", "anna@example.com", "e-mail"},
		{"my name is bob!!", "bob@example.com", NULL},
		{"Password1234", "bob@example.com", "guessed"},
		{"correct horse battery staple", "bob@example.com", "guessed"},
		{"bad \xff utf-8 here", "bob@example.com", "UTF-8"},
		{long_one + 11, "bob@example.com", NULL},
		{long_one + 10, "bob@example.com", "more than 128"},
		{"no address known", NULL, NULL},
	};
	struct ctx ctx;

	(void)state;
	memset(long_one, 'x', sizeof long_one);
	long_one[138] = 'y';
	long_one[139] = 0;
	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum err err = password_check(&ctx, rows[i].password, rows[i].email);

		if (err != (rows[i].word ? ERR_INVALID : OK))
			fail_msg("row %zu: %s %s", i, error_name(err), ctx.fault.detail);
		if (rows[i].word) {
			assert_string_equal(ctx.fault.field, "password");
			if (!strstr(ctx.fault.detail, rows[i].word))
				fail_msg("row %zu: %s", i, ctx.fault.detail);
		}
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
}

static void test_password_hash(void **state)
{
	char hash[PASSWORD_HASH_TEXT], other[PASSWORD_HASH_TEXT], weak[PASSWORD_HASH_TEXT];
	bool match, rehash;
	struct ctx ctx;

	(void)state;
	ctx_init(&ctx);
	assert_int_equal(password_hash(&ctx, "a good password", hash), OK);
	assert_int_equal(password_hash(&ctx, "a good password", other), OK);
	assert_string_not_equal(hash, other);
	assert_non_null(strstr(hash, "$argon2id$v=19$m=19456,t=2,p=1$"));
	assert_int_equal(password_verify(&ctx, hash, "a good password", &match, &rehash), OK);
	assert_true(match);
	assert_false(rehash);
	assert_int_equal(password_verify(&ctx, hash, "a good passwore", &match, &rehash), OK);
	assert_false(match || rehash);
	/* Nobody, and an invited person without password. */
	assert_int_equal(password_verify(&ctx, NULL, "a good password", &match, &rehash), OK);
	assert_false(match || rehash);
	assert_int_equal(password_verify(&ctx, "", "", &match, &rehash), OK);
	assert_false(match || rehash);
	assert_int_equal(crypto_pwhash_str_alg(weak, "old", 3, 1, 8192, crypto_pwhash_ALG_ARGON2ID13), 0);
	assert_int_equal(password_verify(&ctx, weak, "old", &match, &rehash), OK);
	assert_true(match && rehash);
	ctx_free(&ctx);
}

static atomic_bool enough;

static void *hash_on(void *argument)
{
	char hash[PASSWORD_HASH_TEXT];
	struct ctx ctx;

	(void)argument;
	ctx_init(&ctx);
	while (!atomic_load(&enough))
		if (password_hash(&ctx, "busy", hash) != OK)
			abort();
	ctx_free(&ctx);
	return NULL;
}

/* One place, two threads that want it all the time: a third whose deadline has passed is turned away, and finds it free later. */
static void test_places(void **state)
{
	char hash[PASSWORD_HASH_TEXT], message[256];
	pthread_t threads[2];
	struct ctx ctx;

	(void)state;
	setting("STOA_SECRET_HASHES_AT_ONCE", "1");
	assert_true(secret_open(message));
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hash_on, NULL), 0);
	ctx_init(&ctx);
	WAIT_FOR((ctx_reset(&ctx), ctx.deadline_us = 1, password_hash(&ctx, "late", hash)) == ERR_UNAVAILABLE);
	assert_int_equal(ctx.fault.retry_after_s, 1);
	atomic_store(&enough, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	ctx_reset(&ctx);
	ctx.deadline_us = 0;
	assert_int_equal(password_hash(&ctx, "free again", hash), OK);
	ctx_free(&ctx);
	setting("STOA_SECRET_HASHES_AT_ONCE", NULL);
	assert_true(secret_open(message));
}

static int open_all(void **state)
{
	char message[256];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(key_path, sizeof key_path, "%s/house.key", folder);
	conf_add(SECRET_CONF);
	setenv("STOA_CONFIG", "/dev/null", 1);
	setting("STOA_SECRET_KEY_FILE", key_path);
	return secret_create(key_path, message) && secret_open(message) ? 0 : -1;
}

static int close_all(void **state)
{
	(void)state;
	unlink(key_path);
	rmdir(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_key_file),
		cmocka_unit_test(test_create_keeps),
		cmocka_unit_test(test_purposes_differ),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_password_rules),
		cmocka_unit_test(test_password_hash),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
