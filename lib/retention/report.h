/* Reports: the sessions of some days as CSV, made by the job "report.make" and kept for 7 days.
 *
 * A report is two tables in UTF-8 after RFC 4180, each with a header line: sessions, one a line with what was decided; and days, one line
 * for each day (UTC, of the session's start) and currency. Amounts are minor units. A text that a spreadsheet would take for a formula
 * (it begins with = + - @ or a tab, OWASP ASVS 5.0, 1.2.10) has an apostrophe in front. A session that was never answered is "undecided".
 *
 * The report has the job's id. The job's result, kept with the report as its totals: {"from", "to", "live", "sessions", "accepted",
 * "dismissed", "cancelled", "undecided", "saved": {"usd": minor units}, "bytes", "csv": path, "daysCsv": path}. */
#ifndef STOA_RETENTION_REPORT_H
#define STOA_RETENTION_REPORT_H

#include "job/job.h"

#define REPORT_DAYS 366                   /* most days of a report */
#define REPORT_BYTES ((size_t)20 << 20)   /* of the sessions' table; beyond it the job is dead */
#define REPORT_KEPT 20                    /* reports of an organisation; an older one goes when a new one comes */

struct report_new {
	const char *org_id;
	bool live;
	const char *from, *to;  /* days as "2026-01-31", UTC, both within; from 2000 on */
	bool customers;         /* name customers: who asks has customer:text */
	const char *account_id; /* gets it by mail (attached, or a link when it is too large for that), or NULL */
};

/* Enqueues the job, within lease's transaction when one is open. ERR_INVALID (field from or to): not a day, to is before from, or more than
 * REPORT_DAYS. */
enum err report_enqueue(struct ctx *ctx, struct lease *lease, const struct report_new *new, char id_out[ID_TEXT]);

/* The job. Payload {"org","live","from","to","customers","account"}. Cancellation leaves nothing; an attempt after one that was cut off
 * makes no second report and no second mail. */
enum err report_make_run(struct ctx *ctx, struct job *job);

/* "/reports/<id>", the page of a report. */
const char *report_page(struct ctx *ctx, const char *id);

#endif
