/* Secrets: the house key, what derives from it, passwords, hashes (libsodium). */
#ifndef STOA_WHO_SECRET_H
#define STOA_WHO_SECRET_H

#include "base/context.h"
#include "conf/conf.h"

/* [secret] key_file (32 bytes, mode 0600 or 0640; created by `stoa migrate --init` or ./start), hashes_at_once */
extern const struct conf_row SECRET_CONF[];

/* Initialises libsodium and reads the house key. False: message_out (256 bytes). Call once, before threads. */
bool secret_open(char message_out[256]);
/* Writes a new random key file with mode 0600 unless it exists. */
bool secret_create(const char *path, char message_out[256]);

/* Purposes derive distinct subkeys (crypto_kdf). */
enum secret_purpose { SECRET_WIDGET_SESSION = 1, SECRET_SEAL = 2, SECRET_CSRF = 3, SECRET_CURSOR = 4,
	SECRET_UNSUBSCRIBE = 5, SECRET_OUTREACH = 6, SECRET_CONSENT = 7 };

#define SECRET_MAC_BYTES 32
/* HMAC-SHA-256 under the purpose's subkey. */
void secret_mac(enum secret_purpose purpose, const void *data, size_t bytes, uint8_t mac_out[SECRET_MAC_BYTES]);
/* HMAC-SHA-256 under any key. */
void hmac_sha256(const void *key, size_t key_bytes, const void *data, size_t bytes, uint8_t mac_out[32]);
void sha256(const void *data, size_t bytes, uint8_t hash_out[32]);
bool secret_equal(const void *a, const void *b, size_t bytes); /* constant time */

/* secretbox under SECRET_SEAL: nonce and box, memory of ctx. `bound` (the organisation's id for all that a tenant stores) is mixed
 * into the key, so a box copied into another tenant's row does not open. */
void secret_seal(struct ctx *ctx, const char *bound, const void *data, size_t bytes, const uint8_t **sealed_out, size_t *sealed_bytes_out);
/* ERR_INTERNAL when it does not open. Result has a NUL behind it. */
enum err secret_unseal(struct ctx *ctx, const char *bound, const uint8_t *sealed, size_t bytes, const char **data_out, size_t *data_bytes_out);

/* Argon2id, 19 MiB, t=2, p=1 (OWASP minimum; libsodium crypto_pwhash_str format). At most secret.hashes_at_once run at once
 * (default: the number of cores); others wait until ctx's deadline, then ERR_UNAVAILABLE. hash NULL hashes against a dummy and
 * is false, so that an unknown user costs the same time. rehash_out: parameters have changed since. */
#define PASSWORD_HASH_TEXT 128
enum err password_hash(struct ctx *ctx, const char *password, char hash_out[PASSWORD_HASH_TEXT]);
enum err password_verify(struct ctx *ctx, const char *hash, const char *password, bool *match_out, bool *rehash_out);
#define PASSWORD_LEAST 12 /* characters; inventory D, "Security" */
#define PASSWORD_MOST 128
/* ERR_INVALID (field password) with the rule broken: PASSWORD_LEAST to PASSWORD_MOST characters, not all one character, without
 * the e-mail address's part before the @ when that has 4 or more bytes, not one of a few that are guessed first. */
enum err password_check(struct ctx *ctx, const char *password, const char *email);

#endif
