/* Mail: one message, composed here (RFC 5322, 2045 to 2047, 2183, 2231) and sent through SMTP (libcurl). Only jobs send; what others
 * use is mail/outbox.h. */
#ifndef STOA_MAIL_MAIL_H
#define STOA_MAIL_MAIL_H

#include "base/buffer.h"
#include "base/context.h"
#include "conf/conf.h"

/* [mail] url (smtp://… or smtps://…, "" = mail is off), user, password, from ("Name <address>" or an address), timeout, starttls
 * (required, try or no; of smtp:// only), ca_file */
extern const struct conf_row MAIL_CONF[];

#define MAIL_SUBJECT_MOST 500            /* bytes */
#define MAIL_NAME_MOST 250               /* bytes of a display name or a file name */
#define MAIL_BODY_MOST ((size_t)1 << 20) /* bytes of the text, and of the HTML */
#define MAIL_ATTACHMENTS 10
#define MAIL_ATTACHED_MOST ((size_t)5 << 20) /* bytes of all attachments together, before base64 */
#define MAIL_LINK_MOST 900               /* bytes; a header's line has at most 998 */

struct mail_attachment {
	const char *name; /* UTF-8, one line, no slash */
	const char *type; /* "application/pdf", also with "; charset=utf-8" */
	const void *data;
	size_t bytes;
};

/* Texts are UTF-8 and, but for the bodies, one line: a control character in any of them is refused. */
struct mail {
	const char *to;          /* address */
	const char *to_name;     /* or NULL */
	const char *from_name;   /* in place of the name in mail.from, or NULL */
	const char *subject;     /* encoded as RFC 2047 when not plain ASCII or too long to fold */
	const char *text;        /* line feeds; quoted-printable */
	const char *html;        /* or NULL; with it the message is multipart/alternative */
	const char *id;          /* becomes Message-ID, so that a repeated delivery can be recognised: letters, digits, . - _ */
	const char *reply_to;    /* "Name <address>" or an address, or NULL */
	const char *unsubscribe; /* http(s) URL for List-Unsubscribe, or NULL; https also gets List-Unsubscribe-Post (RFC 8058) */
	const struct mail_attachment *attachments; /* with them the message is multipart/mixed */
	int attachment_count;
	bool live;               /* false: test mode, in which nothing is sent */
};

/* The relay's last words, for people who look after the house. */
struct mail_reply {
	int code;           /* 550; 0 = it said nothing */
	char verb[8];       /* what it answered: "RCPT", "DATA" … */
	char text[300];     /* its line, printable ASCII, cut */
	bool refused;       /* for good, and because of this mail: 5xx to RCPT, DATA or the message. 5xx elsewhere is the relay's set-up */
	bool bad_address;   /* refused, and because of the recipient: see mail_reply_read() */
};

/* One connection and one attempt. ERR_UNAVAILABLE: mail.url is empty or the relay cannot be reached, or not with the
 * protection that is asked for; ERR_TIMEOUT: it did not answer in time, the mail may have left; ERR_UPSTREAM: refused (detail
 * has the relay's code); ERR_INVALID: an address, subject or id with line breaks or otherwise malformed, a limit broken, or not
 * live. reply_out may be NULL. */
enum err mail_send(struct ctx *ctx, const struct mail *mail, struct mail_reply *reply_out);

/* The message as it is sent, with CRLF; dots are left to libcurl. Header lines fold at 78 bytes (76 with encoded words) but for
 * addresses and links, body lines at 76. from as in the configuration. ERR_INVALID as above. */
enum err mail_compose(struct ctx *ctx, const struct mail *mail, const char *from, struct buffer *out);

/* Reads a reply line to `verb`. The recipient is at fault (RFC 3463) for an enhanced code X.1.Y or X.2.Y, and without one for 550,
 * 551 and 553 to RCPT: 5.7.1, "relaying denied", says nothing about an address. */
void mail_reply_read(const char *verb, const char *line, size_t length, struct mail_reply *reply_out);

#endif
