/* Mail: one text message through SMTP (libcurl). Sent only by jobs. */
#ifndef STOA_MAIL_MAIL_H
#define STOA_MAIL_MAIL_H

#include "base/context.h"
#include "conf/conf.h"

extern const struct conf_row MAIL_CONF[]; /* [mail] url (smtp://… or smtps://…, "" = mail is off), user, password, from, timeout, starttls */

struct mail {
	const char *to;      /* address */
	const char *subject; /* UTF-8, one line; encoded as RFC 2047 when not ASCII */
	const char *text;    /* UTF-8, line feeds; quoted-printable */
	const char *id;      /* becomes Message-ID, so that a repeated delivery can be recognised */
};

/* ERR_UNAVAILABLE: mail.url is empty or the relay cannot be reached; ERR_UPSTREAM: refused (detail has the relay's code);
 * ERR_INVALID: an address or subject with line breaks. */
enum err mail_send(struct ctx *ctx, const struct mail *mail);

#endif
