/* The outbox: every mail of the house is a row of table mail, and a job sends it.
 *
 * A mail leaves once: its row says what became of it, and a repeated job leaves a finished one alone. Only a process that dies
 * between the relay's "250" and the row's update sends it again, with the same Message-ID. What it says is sealed under the house
 * key while it waits and dropped when nothing is left to send; the row stays for 30 days, with the relay's last words.
 *
 *   queued      waits for its first or next attempt
 *   sent        the relay took it
 *   failed      refused for good, or the last attempt failed (then the content stays, for a replay of the dead job)
 *   suppressed  the address is on the list; reply has the reason
 *   not-sent    test mode */
#ifndef STOA_MAIL_OUTBOX_H
#define STOA_MAIL_OUTBOX_H

#include "job/job.h"
#include "job/schedule.h"
#include "mail/mail.h"

#define MAIL_HOUSE "00000000-0000-0000-0000-000000000000" /* stands for the house where an organisation's id is asked for */
#define MAIL_EVERY_KIND "*"

/* "mail.send", "mail.digest" and "mail.sweep", for the worker; ends with {0}. */
extern const struct job_kind MAIL_JOBS[];
/* "mail.sweep", every minute; ends with {0}. */
extern const struct schedule MAIL_SCHEDULES[];

struct mail_new {
	const char *org_id;  /* MAIL_HOUSE for none */
	const char *kind;    /* "digest": words of a-z with . or - between them; what a person unsubscribes from */
	bool transactional;  /* the recipient asked for just this mail: unsubscribing does not stop it */
	struct mail mail;    /* its id is the row's: set here */
};

/* Row and job in lease's transaction. ERR_INVALID: see mail_compose(), whose checks are made now. */
enum err mail_enqueue(struct ctx *ctx, struct lease *lease, struct mail_new *new, char id_out[ID_TEXT]);

/* Sends within the caller's own job, for a mail whose content must be stored nowhere: a row without content under the job's id, and
 * one attempt. OK also when it was not to be sent (test mode, suppressed) or has been sent before; sent_out tells. Errors as
 * mail_send(); what would be refused again is job_reject()ed. */
enum err mail_send_within(struct ctx *ctx, struct job *job, struct mail_new *new, bool *sent_out);

/* The suppression list. org_id MAIL_HOUSE: for every organisation. Kind MAIL_EVERY_KIND: all mail. reason: bounce (believed for 90
 * days; set by permanent refusals of an address), complaint, unsubscribe (never stops transactional mail) or manual. */
enum err mail_suppress(struct lease *lease, const char *org_id, const char *address, const char *kind, const char *reason);

/* Unsubscribing. The link is <web.public_url>/unsubscribe?token=…, NULL when that is not set; the token is organisation, kind and
 * address under the house key's MAC, and good for ever: a mail may be old. ERR_GONE: not a token of ours. */
struct mail_unsubscribe {
	char org_id[ID_TEXT];
	const char *kind, *address; /* memory of ctx */
};
const char *mail_unsubscribe_link(struct ctx *ctx, const char *org_id, const char *kind, const char *address);
const char *mail_unsubscribe_make(struct ctx *ctx, const struct mail_unsubscribe *from);
enum err mail_unsubscribe_read(struct ctx *ctx, const char *token, struct mail_unsubscribe *out);

/* Words: templates/mail/<name>.<language>.mustache, rendered three times, with one of {{#subject}}, {{#text}} and {{#html}} true. The
 * text takes values by {{{x}}}, the HTML by {{x}}. The HTML goes into mail/layout, whose footer both get. A language that is
 * not there is English. Fills subject, text, html and unsubscribe of mail. */
struct mail_words {
	const char *name;          /* "password-forgotten" */
	const char *language;      /* "de" */
	const char *unsubscribe;   /* link, or NULL */
	struct json_object *view;  /* gets further members */
};
enum err mail_render(struct ctx *ctx, const struct mail_words *words, struct mail *mail);
/* One line, rendered once and without a layout, for what mails are made of. */
enum err mail_phrase(struct ctx *ctx, const struct mail_words *words, const char **line_out);
/* One part, {{#which}}, as text of several lines. */
enum err mail_part(struct ctx *ctx, const struct mail_words *words, const char *which, const char **text_out);

/* A line of someone's digest, which goes out at 08:00 on that person's clock (account.time_zone) together with all that waits, in lease's
 * transaction. ERR_NOT_FOUND: no such member. Titles of 1 to 200 characters, bodies of up to 2,000; url http(s) or NULL. Who adds
 * calls this; "mail.sweep", once a minute, enqueues the digests that are due and deletes rows of the outbox after 30 days. */
struct mail_digest {
	const char *org_id, *account_id;
	bool live;
	const char *title, *body, *url; /* body and url may be NULL */
};
enum err mail_digest_add(struct lease *lease, const struct mail_digest *entry);
/* So many more of a topic ("customer.saved"): a line that says how many of them there have been since the last digest, in the words of
 * mail/notice.<language>, whose view is {"<topic, with _ for its dot>": true, "count", "one"}. Their bodies are listed, up to 300 characters. The
 * entry's title is not read. ERR_NOT_FOUND: no such member. */
enum err mail_digest_count(struct lease *lease, const struct mail_digest *entry, const char *topic, int64_t count, const char *language);
/* What "mail.sweep" does. Digests are enqueued once however often this runs. */
enum err mail_sweep(struct ctx *ctx, struct pool *pool);

#endif
