/* Error budgets and how fast they burn (Google, The Site Reliability Workbook, chapter 5 "Alerting on SLOs").
 *
 * An objective of 99.5 % allows 0.5 % bad requests within BURN_DAYS: the budget. A request is bad when it failed (5xx) or took longer than
 * its class's goal. Burn rate 1 uses the budget up in exactly that time, burn rate 14.4 uses 2 % of it in an hour:
 *   burn rate   = (bad / all) / (1 - objective)
 *   budget left = 1 - (bad of 30 days / all of 30 days) / (1 - objective), below nought when it is overspent
 *   budget used by a window of w at burn rate r = r * w / 30 days
 * An alert holds while a long and a short window both burn at its rate: the long one so that a moment does not call anybody, the
 * short one so that it ends soon after the trouble does (chapter 5, "Multiwindow, Multi-Burn-Rate Alerts", table 5-8). Of a class that is
 * hardly asked one bad request is a large share ("Low-Traffic Services and Error Budget Alerting"), so the long window must hold BURN_LEAST of
 * them; if everything fails there, the alerts on errors say so. */
#ifndef STOA_OBSERVE_BURN_H
#define STOA_OBSERVE_BURN_H

#include <stdbool.h>
#include <stdint.h>

#define BURN_DAYS 30
#define BURN_LEAST 5
#define BURN_SOURCE "Google SRE Workbook ch. 5, Multiwindow, Multi-Burn-Rate Alerts"

struct burn_alert {
	const char *name;
	double rate;
	int long_s, short_s;
	const char *long_text, *short_text; /* as Prometheus writes them */
	double budget;                      /* what the long window then has used of it */
	bool page;                          /* somebody is called; else a ticket */
};

#define BURN_ALERTS 3
extern const struct burn_alert BURN_ALERT[BURN_ALERTS];

/* All requests are at most bad ones; of none the rate is 0. bad may be a part of one, as a goal lies within a bucket. */
double burn_rate(double bad, double all, double objective);
double burn_left(double bad, double all, double objective);
/* Seconds until a budget of which `left` is there is used up at this rate; 0: it is; -1: never, as what is older than BURN_DAYS comes back. */
double burn_lasts_s(double left, double rate);
/* Seconds of BURN_DAYS that an objective allows to be away: document 001, "Availability Calculation", 99.9 % of 30 days: 43.2 minutes. */
double burn_downtime_s(double objective);
/* long_bad: the bad requests of the long window. */
bool burn_fires(const struct burn_alert *alert, double long_bad, double long_rate, double short_rate);

#endif
