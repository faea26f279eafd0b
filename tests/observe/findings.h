/* What the tests of profile share: looking at findings. */
#ifndef STOA_TESTS_FINDINGS_H
#define STOA_TESTS_FINDINGS_H

#include "tests/lib/database.h"

#include "observe/profile_parts.h"

/* The kinds that were found, "" or "handler-waits slow-statement", in their order. */
static inline const char *found(const struct findings *findings)
{
	const char *text = "";
	for (int i = 0; i < findings->count; i++)
		text = arena_printf(&findings->ctx->arena, "%s%s%s", text, i ? " " : "", FINDING_WORDS[findings->rows[i].kind].code);
	return text;
}

static inline const struct finding *find(const struct findings *findings, enum finding_kind kind)
{
	for (int i = 0; i < findings->count; i++)
		if (findings->rows[i].kind == kind)
			return &findings->rows[i];
	fail_msg("%s was not found among \"%s\"", FINDING_WORDS[kind].code, found(findings));
	return NULL;
}

static inline void says(struct ctx *ctx, const struct finding *finding, const char *text, const char *wanted)
{
	const char *said = finding_text(ctx, finding, text, NULL, NULL);
	if (!strstr(said, wanted))
		fail_msg("\"%s\" does not say \"%s\"", said, wanted);
}

#endif
