/* Identity: signing in, sessions, passwords and organisations, shared by the auth and pages families, the worker and
 * the command.
 *
 * What an outsider can learn. Login: nothing but right or wrong; an unknown address, a person without organisation, a
 * locked account and a wrong password get the same answer after the same work (one Argon2id hash and one statement that counts
 * the failure). Forgot: nothing; the request only enqueues a job, and the worker looks the address up. Register (when open):
 * that an address already has an account. Anyone who knows an address can lock it for a while; a reset by mail ends the lock.
 *
 * `client` is for the audit log and for the limits per address. */
#ifndef STOA_IDENTITY_IDENTITY_H
#define STOA_IDENTITY_IDENTITY_H

#include "job/job.h"
#include "job/policies.h"
#include "job/schedule.h"
#include "who/rate.h"
#include "who/audit.h"
#include "who/who.h"

extern const struct conf_row IDENTITY_CONF[]; /* [who] registration, sessions_per_person, logins_per_address, registrations_per_address */

#define SESSION_ACCESS_S 3600             /* inventory D, "Security": 1 h */
#define SESSION_REFRESH_S (30 * 86400)
#define LOGIN_FAILURES 5                  /* inventory D: locked for 15 min after 5 */
#define LOGIN_LOCK_S 900
#define RESET_LIFE_S 3600
#define INVITATION_LIFE_S (3 * 86400)
#define RESETS_PER_HOUR 3

struct client {
	const char *address; /* or NULL */
	const char *agent;   /* User-Agent or NULL */
};

/* Takes one cell of the client address's limit for `what`. ERR_RATE_LIMITED with Retry-After; a client without address is let in. */
enum err client_allowed(struct ctx *ctx, const char *what, const struct rate_limit *limit, const struct client *client);

/* Runs work inside a transaction of its own, which is committed when it answers OK and else rolled back. */
typedef enum err change_work(struct ctx *ctx, struct lease *lease, void *argument);
enum err change_run(struct ctx *ctx, struct pool *pool, change_work *work, void *argument);

struct session_tokens {
	char access[WHO_TOKEN_TEXT];
	char refresh[WHO_TOKEN_TEXT];
	int access_s, refresh_s; /* seconds until they expire */
	char org_id[ID_TEXT], account_id[ID_TEXT], session_id[ID_TEXT];
	enum role role;
};

/* org_id NULL: the person's oldest membership. ERR_UNAUTHENTICATED: see above. ERR_RATE_LIMITED: too many logins from this
 * address (retry_after_s is set). After LOGIN_FAILURES in a row the account is locked for LOGIN_LOCK_S, in which even the
 * right password fails. The oldest sessions beyond sessions_per_person end. */
enum err session_login(struct ctx *ctx, const struct house *house, const char *email, const char *password, const char *org_id,
	const struct client *client, struct session_tokens *out);
/* Rotation: answers new tokens and ends the old ones. The refresh token before the current one revokes the session, because
 * someone has a copy. ERR_UNAUTHENTICATED in every case of refusal. An access token replaced here may work for 30 s more. */
enum err session_refresh(struct ctx *ctx, const struct house *house, const char *refresh, const struct client *client,
	struct session_tokens *out);
/* Ends one session of the organisation. account_id NULL: any person's. ERR_NOT_FOUND when it is not there or has ended. */
enum err session_revoke(struct ctx *ctx, const struct house *house, const char *org_id, const char *session_id,
	const char *account_id, const struct client *client);

/* Needs the old password (a wrong one counts as a failed login) and ends the person's other sessions everywhere.
 * ERR_FORBIDDEN with the field oldPassword: wrong, or the account is locked. ERR_INVALID: password_check(). */
enum err password_change(struct ctx *ctx, const struct house *house, const struct who *who, const char *old_password,
	const char *new_password, const struct client *client);

/* Sets the password of the account of this address, whatever it was: for the command, whose user has the database anyway. Ends the lock
 * and every session of the person. ERR_NOT_FOUND; ERR_INVALID: password_check(). */
enum err password_assign(struct ctx *ctx, const struct house *house, const char *email, const char *password);

/* Why a mail with a link to set a password is sent. */
enum password_mail { PASSWORD_FORGOTTEN, PASSWORD_INVITED };
/* OK whether or not the address is known: enqueues JOB_PASSWORD_MAIL. ERR_RATE_LIMITED: too many from this client address. public_url is
 * web.public_url; the link is <public_url>/password/reset?token=… ERR_UNAVAILABLE: public_url is empty, for everybody. */
enum err password_forgot(struct ctx *ctx, const struct house *house, const char *email, const char *public_url,
	const struct client *client);
/* Enqueues the mail inside lease's transaction. org_id: who invites, or NULL. */
enum err password_mail_enqueue(struct ctx *ctx, struct lease *lease, enum password_mail why, const char *email,
	const char *org_id, const char *public_url);
/* The job: kind "password.mail". It makes the token when the mail is sent, so that none is ever stored in clear; at most
 * RESETS_PER_HOUR mails an account and hour, the others silently not sent. Payload {"why","email","url"}. */
enum err password_mail_run(struct ctx *ctx, struct job *job);
/* The job: kind "house.cleanup". Deletes sessions that ended and links that were made more than 30 days ago, workers not seen for a day and
 * reports of more than 7 days; finished jobs go by themselves (job/job.h). ERR_TIMEOUT: there is more; what was deleted stays so. */
enum err house_cleanup_run(struct ctx *ctx, struct job *job);
/* The night's clean-up, for the worker; ends with {0}. */
extern const struct schedule IDENTITY_SCHEDULES[];
/* This domain's handlers, for the worker; ends with {0}. */
extern const struct job_kind IDENTITY_JOBS[];
/* A token for the account of this address, good for life_s seconds. ERR_NOT_FOUND: no such account; ERR_RATE_LIMITED: RESETS_PER_HOUR.
 * For the job and `stoa user reset`. */
enum err password_reset_create(struct ctx *ctx, struct pool *pool, const char *email, int life_s, char token_out[WHO_TOKEN_TEXT]);
/* Uses the token: sets the password, ends the lock and every session of the person. ERR_GONE: unknown, used or expired.
 * ERR_INVALID (field password): password_check(); the token stays good. */
enum err password_reset(struct ctx *ctx, const struct house *house, const char *token, const char *new_password,
	const struct client *client);

/* A new organisation with its first owner. Runs in lease's open transaction so that callers add what else belongs to a new
 * organisation. password_hash: from password_hash(). ERR_CONFLICT: the address has an account. */
struct organisation_new {
	const char *name, *email, *person, *password_hash;
	const struct client *client; /* NULL: created by the command */
};
enum err organisation_create(struct ctx *ctx, struct lease *lease, const struct organisation_new *new, char org_id_out[ID_TEXT],
	char account_id_out[ID_TEXT]);
/* Renames by's organisation, with its line and event, in lease's open transaction. */
enum err organisation_rename(struct ctx *ctx, struct lease *lease, const struct audit *by, const char *name);

/* ERR_FORBIDDEN unless who.registration is open or there is no organisation yet. In an open
 * transaction it holds a lock until the end, so that two first ones cannot both be let in. */
enum err organisation_may_register(struct ctx *ctx, struct lease *lease);
/* Signs a person in whose password was just set or checked; inside lease's transaction. */
enum err session_start(struct ctx *ctx, struct lease *lease, const char *org_id, const char *account_id, enum role role,
	const struct client *client, struct session_tokens *out);
/* ERR_FORBIDDEN: only an owner (`by`) may make, change or remove an owner (`role`). */
enum err owner_guard(struct ctx *ctx, enum role by, enum role role);
/* Adds a person to an organisation in lease's transaction; the account is made when the address has none (without a usable
 * password). ERR_CONFLICT: already a member. The caller asks owner_guard(). */
enum err member_add(struct ctx *ctx, struct lease *lease, const char *org_id, const char *email, const char *name, enum role role,
	char account_id_out[ID_TEXT]);

/* A member before a change. Strings: ctx memory. */
struct member {
	enum role role;
	const char *email;
};
/* Both in lease's transaction, by someone of role `by`. ERR_FORBIDDEN: owner_guard(). ERR_CONFLICT: the last owner stays one.
 * ERR_NOT_FOUND: no such member. Afterwards: who_forget(). */
enum err member_role_set(struct ctx *ctx, struct lease *lease, const char *org_id, const char *account_id, enum role by, enum role role,
	struct member *before_out);
/* Ends the person's sessions here; a person of no other organisation is deleted. */
enum err member_remove(struct ctx *ctx, struct lease *lease, const char *org_id, const char *account_id, enum role by,
	struct member *before_out);

/* The three changes with what belongs to them, in lease's transaction: the rules above, the audit line, the event, and for someone new a
 * mail with a link to set a password. `by` tells who does it, without action and
 * entity; role_of is that person's role. After the last two: who_forget(). */
enum err team_add(struct ctx *ctx, struct lease *lease, const struct audit *by, enum role role_of, const char *email, const char *name, enum role role,
	char account_id_out[ID_TEXT]);
enum err team_role(struct ctx *ctx, struct lease *lease, const struct audit *by, enum role role_of, const char *account_id, enum role role);
enum err team_remove(struct ctx *ctx, struct lease *lease, const struct audit *by, enum role role_of, const char *account_id);

/* A person's own choices, the same in every organisation; NULL leaves one as it is. Languages are those of text/language.h. */
#define NOTIFY_CHOICES "all|important|none"
struct account_settings {
	const char *language;
	const char *time_zone; /* IANA name */
	const char *notify;    /* what the digest tells: NOTIFY_CHOICES */
	const char *name;      /* at most 120 characters */
};
/* ERR_INVALID: nothing is to be changed, or (field timeZone) there is no such zone. The caller has checked the others' choices. */
enum err account_settings_set(struct ctx *ctx, const struct house *house, const char *account_id, const struct account_settings *settings);

/* A new API key in lease's transaction. */
struct key_new {
	const char *org_id, *name, *created_by;          /* created_by: account or NULL */
	bool widget, live, signature_required;
	const char *const *origins;                      /* normal, see origin_normal() */
	int origin_count;
	int rate_per_minute;                             /* 0 = the table's default */
	const char *expires_at;                          /* RFC 3339 or NULL = never */
};
struct key_made {
	char id[ID_TEXT];
	char key[WHO_KEY_TEXT];              /* shown once */
	char signing_secret[WHO_TOKEN_TEXT]; /* of widget keys, else empty; shown once */
};
enum err key_create(struct ctx *ctx, struct lease *lease, const struct key_new *new, struct key_made *made_out);

/* What of a key may change; NULL, 0 and *_given false leave it as it is. */
struct key_edit {
	const char *id, *name;
	const char *const *origins;          /* normal, see origin_normal() */
	int origin_count;
	bool origins_given, signature_given, signature_required;
	int64_t rate_per_minute;
};
/* The three in lease's transaction, with the audit line of `by` and the event; afterwards who_forget(). ERR_NOT_FOUND: no key that works.
 * ERR_INVALID (origins, signatureRequired): a server key has neither. */
enum err key_change(struct ctx *ctx, struct lease *lease, const struct audit *by, const struct key_edit *edit);
enum err key_revoke(struct ctx *ctx, struct lease *lease, const struct audit *by, const char *id);
/* A successor that is what the old key was and lives as long; the old one goes on working for overlap_hours. by->actor_id made it. */
struct key_turn {
	struct key_made made;
	const char *expires_at, *replaced_expires_at; /* as PostgreSQL writes it, or NULL = never */
};
enum err key_rotate(struct ctx *ctx, struct lease *lease, const struct audit *by, const char *id, int overlap_hours, struct key_turn *turn_out);
/* What only a widget key has, asked before the change as well. ERR_INVALID as above. */
enum err key_widget_only(struct ctx *ctx, bool widget, int origin_count, bool signature_required);

#endif
