/* Recipient, its name, subject, id, sender, address for answers, file name and text, one after the other: a mail is refused, or has our
 * header fields and no others, in lines of at most 78 or (addresses, identifiers) 600 bytes that all end with CRLF, in ASCII but for the
 * addresses. The text is a relay's reply as well. */
#include "mail/mail.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* Up to the next separator, which becomes a NUL. */
static char *part(char **rest)
{
	char *start = *rest, *end = strchr(start, '\x1f');
	*rest = end ? end + 1 : start + strlen(start);
	if (end)
		*end = '\0';
	return start;
}

static void check_header_line(const char *line, size_t length)
{
	static const char *const NAMES[] = {"Date: ", "From: ", "To: ", "Reply-To: ", "Subject: ", "Message-ID: ", "Auto-Submitted: ", "MIME-Version: ",
		"Content-Type: ", "Content-Transfer-Encoding: ", " "};
	demand(length <= 600);
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (strncmp(line, NAMES[i], strlen(NAMES[i])) == 0)
			return;
	abort();
}

static void check_body_line(const char *line, size_t length)
{
	demand(length <= 78 && (length == 0 || (line[length - 1] != ' ' && line[length - 1] != '\t')));
	for (size_t i = 0; i < length; i++)
		demand((line[i] >= ' ' && line[i] <= '~') || line[i] == '\t');
}

static void check(const struct buffer *out)
{
	bool body = false;
	for (const char *at = out->data, *all_end = out->data + out->length; at < all_end;) {
		const char *end = strstr(at, "\r\n");
		demand(end && !memchr(at, '\n', (size_t)(end - at)) && !memchr(at, '\r', (size_t)(end - at)));
		if (body)
			check_body_line(at, (size_t)(end - at));
		else if (end == at)
			body = true;
		else
			check_header_line(at, (size_t)(end - at));
		at = end + 2;
	}
	demand(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text;
	struct mail mail = {0};
	struct mail_attachment file = {.type = "application/octet-stream", .data = data, .bytes = size};
	struct mail_reply reply;
	mail.to = part(&rest);
	mail.to_name = part(&rest);
	mail.subject = part(&rest);
	mail.id = part(&rest);
	const char *from = part(&rest), *answers = part(&rest);
	mail.reply_to = *answers ? answers : NULL;
	file.name = part(&rest);
	mail.attachments = &file;
	mail.attachment_count = *file.name ? 1 : 0;
	mail.text = rest;
	mail.html = mail.attachment_count ? rest : NULL;
	mail_reply_read("RCPT", rest, strlen(rest), &reply);
	demand(strlen(reply.text) < sizeof reply.text && (!reply.bad_address || reply.refused));
	struct ctx ctx;
	struct buffer out = {0};
	ctx_init(&ctx);
	if (mail_compose(&ctx, &mail, from, &out) == OK)
		check(&out);
	else
		demand(ctx.fault.err == ERR_INVALID);
	buffer_free(&out);
	ctx_free(&ctx);
	free(text);
	return 0;
}
