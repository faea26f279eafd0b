#include "mail/mail.h"

#include "base/failpoint.h"
#include "mail/address.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct conf_row MAIL_CONF[] = {
	{"mail.url", CONF_STRING, "", false, 0, 0, "relay, smtp://host:port or smtps://host:port; empty = no mail is sent"},
	{"mail.user", CONF_STRING, "", false, 0, 0, "name to log in with; empty = none"},
	{"mail.password", CONF_STRING, "", true, 0, 0, "password to log in with"},
	{"mail.from", CONF_STRING, "Stoa <stoa@localhost>", false, 0, 0, "sender, \"Name <address>\" or an address"},
	{"mail.timeout", CONF_DURATION, "30s", false, 1, 600000, "one delivery"},
	{"mail.starttls", CONF_STRING, "required", false, 0, 0, "TLS on an smtp:// relay: required, try or no"},
	{"mail.ca_file", CONF_PATH, "", false, 0, 0, "certificates to trust; empty = the system's"},
	CONF_END,
};

struct source {
	const struct buffer *message;
	size_t sent;
};

static size_t read_message(char *out, size_t size, size_t count, void *argument)
{
	struct source *source = argument;
	size_t bytes = source->message->length - source->sent;
	if (bytes > size * count)
		bytes = size * count;
	if (bytes)
		memcpy(out, source->message->data + source->sent, bytes);
	source->sent += bytes;
	return bytes;
}

static bool tls_level(long *level_out)
{
	static const struct { const char *text; long level; } LEVELS[] = {
		{"required", CURLUSESSL_ALL}, {"try", CURLUSESSL_TRY}, {"no", CURLUSESSL_NONE},
	};
	for (size_t i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++)
		if (strcmp(conf_string("mail.starttls"), LEVELS[i].text) == 0) {
			*level_out = LEVELS[i].level;
			return true;
		}
	return false;
}

static void set_up(CURL *curl, const char *url, long level, int timeout_ms, char error[CURL_ERROR_SIZE])
{
	const char *user = conf_string("mail.user"), *ca_file = conf_string("mail.ca_file");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* else a timeout waits for a stalled name server all the same */
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_USE_SSL, level);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	if (*ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
	if (*user) {
		curl_easy_setopt(curl, CURLOPT_USERNAME, user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, conf_string("mail.password"));
	}
}

/* libcurl tells the relay's last code, but neither its words nor to which command: those are heard here. */
struct talk {
	char verb[8];
	char line[300];
	size_t length;
	bool over; /* what follows answers QUIT */
};

static int hear(CURL *curl, curl_infotype kind, char *data, size_t size, void *argument)
{
	/* Other lines that go out are credentials. */
	static const char *const VERBS[] = {"EHLO", "HELO", "AUTH", "MAIL", "RCPT", "DATA"};
	struct talk *talk = argument;
	(void)curl;
	if (kind == CURLINFO_HEADER_OUT) {
		talk->over = size > 4 && memcmp(data, "QUIT", 4) == 0;
		for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++)
			if (size > 4 && memcmp(data, VERBS[i], 4) == 0)
				memcpy(talk->verb, VERBS[i], 5);
	} else if (kind == CURLINFO_HEADER_IN && !talk->over) {
		talk->length = size < sizeof talk->line ? size : sizeof talk->line;
		memcpy(talk->line, data, talk->length);
	} else if (kind == CURLINFO_DATA_OUT) {
		memcpy(talk->verb, "message", 8);
	}
	return 0;
}

void mail_reply_read(const char *verb, const char *line, size_t length, struct mail_reply *reply_out)
{
	char copy[sizeof reply_out->text];
	int code = 0, subject = 0, detail, used = 0;
	*reply_out = (struct mail_reply){0};
	while ((size_t)used < length && used < (int)sizeof copy - 1 && !strchr("\r\n", line[used])) {
		copy[used] = line[used] >= ' ' && line[used] <= '~' ? line[used] : '?';
		used++;
	}
	copy[used] = '\0';
	memcpy(reply_out->text, copy, (size_t)used + 1);
	snprintf(reply_out->verb, sizeof reply_out->verb, "%s", verb);
	if (sscanf(copy, "%3d", &code) != 1 || code < 200 || code > 599)
		return;
	reply_out->code = code;
	reply_out->refused = code >= 500 && (!strcmp(verb, "RCPT") || !strcmp(verb, "DATA") || !strcmp(verb, "message"));
	bool enhanced = used > 4 && sscanf(copy + 4, "5.%3d.%3d", &subject, &detail) == 2;
	reply_out->bad_address = reply_out->refused && !strcmp(verb, "RCPT") &&
		(enhanced ? subject == 1 || subject == 2 : code == 550 || code == 551 || code == 553);
}

static enum err judge(struct ctx *ctx, CURLcode code, long reply, const char *error)
{
	enum err err;
	switch (code) {
	case CURLE_OK:
		return OK;
	case CURLE_OPERATION_TIMEDOUT:
		err = fail(ctx, ERR_TIMEOUT, "The mail relay did not answer in time");
		break;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_USE_SSL_FAILED:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
		err = fail(ctx, ERR_UNAVAILABLE, "The mail relay cannot be reached as configured: %s", curl_easy_strerror(code));
		break;
	default:
		err = fail(ctx, ERR_UPSTREAM, "The mail relay refused the message (code %ld): %s", reply, curl_easy_strerror(code));
	}
	ctx_explain(ctx, "smtp: %s", error);
	return err;
}

static enum err deliver(struct ctx *ctx, const char *from, const char *to, const struct buffer *message, long level,
	struct mail_reply *reply_out)
{
	int timeout_ms = ctx_left_ms(ctx, conf_ms("mail.timeout"));
	if (timeout_ms < 1)
		return fail(ctx, ERR_TIMEOUT, "No time is left to send the mail");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
	CURL *curl = curl_easy_init();
	struct curl_slist *recipients = curl_slist_append(NULL, to);
	if (!curl || !recipients)
		abort();
	char error[CURL_ERROR_SIZE] = "";
	struct source source = {.message = message};
	struct talk talk = {0};
	set_up(curl, conf_string("mail.url"), level, timeout_ms, error);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_message);
	curl_easy_setopt(curl, CURLOPT_READDATA, &source);
	curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, hear);
	curl_easy_setopt(curl, CURLOPT_DEBUGDATA, &talk);
	FAIL_POINT("mail.send", "before");
	CURLcode code = curl_easy_perform(curl);
	FAIL_POINT("mail.send", "after");
	long reply = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
	mail_reply_read(talk.verb, talk.line, talk.length, reply_out);
	curl_easy_cleanup(curl);
	curl_slist_free_all(recipients);
	curl_global_cleanup();
	return judge(ctx, code, reply, error);
}

enum err mail_send(struct ctx *ctx, const struct mail *mail, struct mail_reply *reply_out)
{
	struct mail_reply unasked;
	const char *url = conf_string("mail.url");
	long level;
	if (!reply_out)
		reply_out = &unasked;
	*reply_out = (struct mail_reply){0};
	if (!mail->live)
		return fail(ctx, ERR_INVALID, "A mail of test mode is not sent");
	if (*url == '\0')
		return fail(ctx, ERR_UNAVAILABLE, "Mail is not configured (mail.url)");
	if (strncasecmp(url, "smtp://", 7) != 0 && strncasecmp(url, "smtps://", 8) != 0)
		return fail(ctx, ERR_UNAVAILABLE, "mail.url must begin with smtp:// or smtps://");
	if (!tls_level(&level))
		return fail(ctx, ERR_UNAVAILABLE, "mail.starttls must be required, try or no");
	struct mailbox sender;
	struct buffer message = {0};
	enum err err = mail_compose(ctx, mail, conf_string("mail.from"), &message);
	if (err == OK && mailbox_read(ctx, conf_string("mail.from"), &sender))
		err = deliver(ctx, sender.address, mail->to, &message, level, reply_out);
	buffer_free(&message);
	return err;
}
