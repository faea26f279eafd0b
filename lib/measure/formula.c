#include "measure/measure.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <math.h>

#define MONTH_DAYS 30

bool measure_roi(int64_t revenue_minor, int days, int64_t cost_minor, int64_t users, struct measure_roi *roi_out)
{
	double revenue = (double)revenue_minor, cost = (double)cost_minor;

	if (days <= 0 || cost_minor <= 0)
		return false;
	double period_cost = cost / MONTH_DAYS * days, daily = revenue / days;
	*roi_out = (struct measure_roi){.monthly_percent = (daily * MONTH_DAYS - cost) / cost * 100, .multiplier = revenue / period_cost,
		.cost_per_user_minor = users > 0 ? (int64_t)floor(period_cost / (double)users + 0.5) : -1,
		.break_even_days = revenue_minor > 0 ? (int64_t)ceil(cost / daily) : -1};
	return true;
}

bool measure_forecast(const double *values, int count, int days, double level, struct measure_line *line_out,
	struct measure_point *points_out, struct measure_point *total_out)
{
	double c0, c1, v00, v01, v11, squares, total = 0, mean_x = 0;

	if (count < 3)
		return false;
	double x[count];
	for (int i = 0; i < count; i++)
		x[i] = i;
	gsl_fit_linear(x, 1, values, 1, (size_t)count, &c0, &c1, &v00, &v01, &v11, &squares);
	double deviation = sqrt(fmax(squares, 0) / (count - 2));
	double t = gsl_cdf_tdist_Pinv(0.5 + level / 2, count - 2);
	double centre = (count - 1) / 2.0, spread = (double)count * ((double)count * count - 1) / 12; /* Σ(x − x̄)² of 0 … n − 1 */
	*line_out = (struct measure_line){.slope = c1, .start = c0, .deviation = deviation};
	for (int i = 0; i < days; i++) {
		double at = count + i, y = c0 + c1 * at;
		double width = t * deviation * sqrt(1 + 1.0 / count + (at - centre) * (at - centre) / spread);
		points_out[i] = (struct measure_point){y, y - width, y + width};
		total += y;
		mean_x += at / days;
	}
	if (total_out) {
		/* A sum of m days has their own variance m·s² and m² times that of the line at their mean. */
		double width = t * deviation * sqrt(days + (double)days * days * (1.0 / count + (mean_x - centre) * (mean_x - centre) / spread));
		*total_out = (struct measure_point){total, total - width, total + width};
	}
	return true;
}

void measure_risk(int64_t attempts, int64_t value_minor, int64_t shown, int64_t accepted, struct measure_risk *risk_out)
{
	double tries = attempts > 100 ? 100 : (double)attempts;
	double value = value_minor > 5000 ? 30 : value_minor > 2000 ? 50 : 70;
	double refused = shown > 0 ? 100 - 100 * (double)accepted / (double)shown : 30;

	*risk_out = (struct measure_risk){.attempts = 0.4 * fmin(20 * tries, 100), .value = 0.3 * value, .acceptance = 0.2 * fmax(refused, 0),
		.repetition = 0.1 * fmin(25 * tries, 100)};
	risk_out->score = (int)floor(risk_out->attempts + risk_out->value + risk_out->acceptance + risk_out->repetition + 0.5);
}
