#include "observe/burn.h"

#define HOUR 3600
#define DAY 86400

const struct burn_alert BURN_ALERT[BURN_ALERTS] = {
	{"StoaBudgetBurnHour", 14.4, HOUR, 300, "1h", "5m", 0.02, true},
	{"StoaBudgetBurnDay", 6, 6 * HOUR, 1800, "6h", "30m", 0.05, true},
	{"StoaBudgetBurnDays", 1, 3 * DAY, 6 * HOUR, "3d", "6h", 0.10, false},
};

double burn_rate(double bad, double all, double objective)
{
	if (all <= 0)
		return 0;
	double share = bad < all ? bad / all : 1;
	return share / (1 - objective);
}

double burn_left(double bad, double all, double objective)
{
	return 1 - burn_rate(bad, all, objective);
}

double burn_lasts_s(double left, double rate)
{
	if (left <= 0)
		return 0;
	return rate > 0 && left <= rate ? left * BURN_DAYS * DAY / rate : -1;
}

double burn_downtime_s(double objective)
{
	return BURN_DAYS * DAY * (1 - objective);
}

bool burn_fires(const struct burn_alert *alert, double long_bad, double long_rate, double short_rate)
{
	return long_bad >= BURN_LEAST && long_rate > alert->rate && short_rate > alert->rate;
}
