#include "config.h"

#include "web/site.h"

#include "base/log.h"
#include "event/event.h"
#include "identity/identity.h"
#include "job/job.h"
#include "mail/mail.h"
#include "stripe/stripe.h"
#include "web/usage.h"
#include "webhook/webhook.h"
#include "who/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One for each processor of a small machine: statements that wait for a place gain from company. */
#define PIPELINE_CONNECTIONS 2

const struct conf_row WEB_CONF[] = {
	{.name = "web.socket", .type = CONF_PATH, .fallback = "",
		.help = "Unix socket to listen on; empty: descriptor 0 is the socket (mod_fcgid, lighttpd's bin-path, systemd)"},
	{.name = "web.socket_mode", .type = CONF_STRING, .fallback = "0600", .help = "mode of web.socket, octal"},
	{.name = "web.backlog", .type = CONF_INT, .fallback = "1024", .least = 1, .most = 65535, .help = "connections that may wait on web.socket"},
	{.name = "web.threads", .type = CONF_INT, .fallback = "16", .least = 1, .most = 1024,
		.help = "requests that a process works on at once; 1 under mod_fcgid"},
	{.name = "web.in_flight", .type = CONF_INT, .fallback = "256", .least = 1, .most = 65535,
		.help = "requests that a process holds at once, with those whose reply waits for a shared commit; at least web.threads"},
	{.name = "web.max_body", .type = CONF_BYTES, .fallback = "1m", .least = 1024, .most = 1 << 30, .help = "largest request body"},
	{.name = "web.deadline", .type = CONF_DURATION, .fallback = "7s", .least = 100, .most = 600000,
		.help = "time a request may take; below the 8 s that Apache grants on reload"},
	{.name = "web.deadline_factor", .type = CONF_INT, .fallback = "2", .least = 1, .most = 1000,
		.help = "a request may take so many times the longest time of its class, at least 1 s, and never more than web.deadline"},
	{.name = "web.queue", .type = CONF_INT, .fallback = "512", .least = 1, .most = 65535,
		.help = "requests that wait in line while all threads are at work; beyond them the first to be shed are answered 503"},
	{.name = "web.queue_wait", .type = CONF_DURATION, .fallback = "200ms", .least = 10, .most = 60000,
		.help = "longest wait in line, then 503 with Retry-After"},
	{.name = "web.queue_target", .type = CONF_DURATION, .fallback = "20ms", .least = 1, .most = 60000,
		.help = "longest wait in line while it does not empty, but for the widget, sign-in and webhooks, which are shed last"},
	{.name = "web.slow", .type = CONF_DURATION, .fallback = "2s", .least = 1, .most = 600000, .help = "requests that take longer are logged as warnings"},
	{.name = "web.public_url", .type = CONF_STRING, .fallback = "", .help = "https://stoa.example: for links in mail and the origin of our own pages"},
	{.name = "web.templates", .type = CONF_PATH, .fallback = STOA_DATADIR "/templates", .help = "folder of the pages' templates"},
	{.name = "web.assets", .type = CONF_PATH, .fallback = STOA_DATADIR "/web", .help = "folder of the static files"},
	{.name = "web.log_file", .type = CONF_PATH, .fallback = "", .help = "log file, reopened on SIGHUP; empty: standard error"},
	{.name = "web.log_level", .type = CONF_STRING, .fallback = "info", .help = "error, warn, info or debug"},
	{.name = "web.trusted_proxy", .type = CONF_STRING, .fallback = "",
		.help = "addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed"},
	{.name = "web.anonymous_per_minute", .type = CONF_INT, .fallback = "60", .least = 0, .most = 1000000000,
		.help = "requests of an address without credentials; 0: not limited"},
	{.name = "web.session_per_minute", .type = CONF_INT, .fallback = "1000", .least = 0, .most = 1000000000,
		.help = "requests of a signed-in person; 0: not limited"},
	{.name = "web.server_key_per_minute", .type = CONF_INT, .fallback = "5000", .least = 0, .most = 1000000000,
		.help = "requests of a server key, unless its own rate is higher; 0: not limited"},
	{.name = "ops.allow", .type = CONF_STRING, .fallback = "127.0.0.0/8 ::1", .help = "addresses and networks that may read /metrics"},
	CONF_END};

static struct site site;

struct site *site_one(void)
{
	return &site;
}

void serve_conf(void)
{
	conf_add(PG_CONF);
	conf_add(CACHE_CONF);
	conf_add(NET_CONF);
	conf_add(METRIC_CONF);
	conf_add(JOB_CONF);
	conf_add(SECRET_CONF);
	conf_add(RATE_CONF);
	conf_add(WEB_CONF);
	conf_add(STRIPE_CONF);
	conf_add(MAIL_CONF);
	conf_add(IDENTITY_CONF);
	conf_add(EVENT_CONF);
	conf_add(WEBHOOK_CONF);
}

static bool refuse(char message_out[256], const char *key, const char *why)
{
	char text[256];
	snprintf(text, sizeof text, "%s: %s", key, why);
	memcpy(message_out, text, sizeof text);
	return false;
}

static bool settings_read(char message_out[256])
{
	site.max_body = conf_int("web.max_body");
	site.deadline_us = (int64_t)conf_ms("web.deadline") * 1000;
	site.deadline_factor = (int)conf_int("web.deadline_factor");
	site.late_us = (int64_t)conf_ms("web.queue_wait") * 1000 / 2;
	site.slow_us = (int64_t)conf_ms("web.slow") * 1000;
	site.waiting_most = (int)conf_int("web.threads") / 4;
	site.streams_most = ((int)conf_int("web.threads") + 1) / 2;
	site.anonymous = (struct rate_limit){(int)conf_int("web.anonymous_per_minute"), 60, 0};
	site.session = (struct rate_limit){(int)conf_int("web.session_per_minute"), 60, 0};
	site.server_key = (struct rate_limit){(int)conf_int("web.server_key_per_minute"), 60, 0};
	if (!networks_parse(conf_string("ops.allow"), &site.local, message_out))
		return refuse(message_out, "ops.allow", message_out);
	if (!networks_parse(conf_string("web.trusted_proxy"), &site.proxies, message_out))
		return refuse(message_out, "web.trusted_proxy", message_out);
	const char *url = conf_string("web.public_url");
	size_t length = strlen(url);
	char origin[264];
	snprintf(origin, sizeof origin, "%.*s", (int)(length && url[length - 1] == '/' ? length - 1 : length), url);
	if (*url && !origin_normal(origin, site.origin))
		return refuse(message_out, "web.public_url", "must be http(s)://host[:port]");
	return true;
}

/* What requests to no route are counted as. */
static void unmatched_open(void)
{
	static const struct route NOWHERE = {.path = "none", .class = CLASS_OPS};
	static struct usage usage;
	site.unmatched.route = &NOWHERE;
	site.unmatched.target = target_of(NOWHERE.class);
	site.unmatched.usage = &usage;
	usage_open(&usage, &NOWHERE, "");
	for (int class = 2; class <= 5; class++) {
		char labels[64];
		snprintf(labels, sizeof labels, "route=\"none\",method=\"\",status=\"%dxx\"", class);
		site.unmatched.status[class] = metric_counter("stoa_http_requests_total", labels, "Requests answered, by route and class of status.");
	}
	site.unmatched.duration = metric_histogram("stoa_http_request_duration_seconds", "route=\"none\",method=\"\",class=\"none\"",
		"Time from the complete request to the finished reply.");
}

static void metrics_open(void)
{
	char message[256] = "", labels[96];
	if (!metric_open(message))
		LOG(LOG_WARN, "metrics kept private", LOG_T("reason", message));
	brownout_open();
	router_metrics(site.router);
	unmatched_open();
	snprintf(labels, sizeof labels, "program=\"%s\"", site.family->name);
	site.pool_wait = metric_histogram("stoa_pool_wait_seconds", labels, "Time that requests waited for a database connection.");
	site.cache_hits = metric_counter("stoa_cache_hits_total", labels, "Values that requests found in the cache, either level.");
	site.cache_misses = metric_counter("stoa_cache_misses_total", labels, "Values that requests had to load.");
}

/* templates/<language>/ holds the texts of each language but English. */
static bool templates_open(char message_out[256])
{
	char folder[4096];

	for (int i = 0; i < PAGE_LANGUAGES; i++) {
		snprintf(folder, sizeof folder, "%s/%s", conf_string("web.templates"), page_language(i));
		if (i && !(site.catalogues[i] = catalogue_load(folder, message_out)))
			return false;
		if (!(site.templates[i] = template_load(conf_string("web.templates"), site.catalogues[i], message_out)))
			return false;
	}
	return true;
}

static bool parts_open(char message_out[256])
{
	if (!settings_read(message_out) || !secret_open(message_out) || !rate_open(message_out))
		return false;
	site.house.cache = cache_open(message_out);
	if (!site.house.cache)
		return false;
	site.house.pool = pool_open(conf_int("web.threads") == 1);
	if (site.family->templates && !templates_open(message_out))
		return false;
	if (site.family->outbound && !(site.net = net_open()))
		return refuse(message_out, "net", "cannot be opened");
	return true;
}

bool serve_open(const struct family *family, char message_out[256])
{
	site = (struct site){.family = family};
	site.router = router_of(family, message_out);
	if (!site.router)
		return false;
	if (!parts_open(message_out)) {
		site.family = NULL;
		serve_close();
		return false;
	}
	metrics_open();
	reads_open(&site);
	if (conf_int("web.threads") > 1)
		site.pipeline = pipeline_open(site.house.pool, PIPELINE_CONNECTIONS);
	if (!family->open || family->open(&site.house, message_out))
		return true;
	site.family = NULL;
	serve_close();
	return false;
}

void serve_close(void)
{
	if (site.family && site.family->close)
		site.family->close();
	pipeline_close(site.pipeline);
	if (site.net)
		net_close(site.net);
	for (int i = 0; i < PAGE_LANGUAGES; i++) {
		template_free(site.templates[i]);
		catalogue_free(site.catalogues[i]);
	}
	if (site.house.pool)
		pool_close(site.house.pool);
	if (site.house.cache)
		cache_close(site.house.cache);
	rate_close();
	metric_close();
	site = (struct site){0};
}

static void routes_print(const struct family *family)
{
	for (const struct route *const *table = family->tables; *table; table++)
		for (const struct route *route = *table; route->path; route++)
			printf("%-7s %-50s %-10s %s\n", method_text(route->method), route->path, target_of(route->class)->text, route->doc);
}

static int usage(const struct family *family, FILE *out, int status)
{
	fprintf(out, "usage: stoa-%s [--config FILE] | --routes | --version | --help\n"
		"Answers the %s routes as a FastCGI responder, on web.socket or on descriptor 0.\n", family->name, family->name);
	return status;
}

static int serve_run(const struct family *family, const char *config)
{
	char message[256] = "", program[64];
	enum log_level level = LOG_INFO;
	snprintf(program, sizeof program, "stoa-%s", family->name);
	serve_conf();
	for (const struct conf_row *const *rows = family->conf; rows && *rows; rows++)
		conf_add(*rows);
	if (!conf_load(config, message)) {
		fprintf(stderr, "%s: %s\n", program, message);
		return 2;
	}
	if (!log_level_parse(conf_string("web.log_level"), &level) || !log_open(program, conf_string("web.log_file"), level)) {
		fprintf(stderr, "%s: web.log_level or web.log_file cannot be used\n", program);
		return 2;
	}
	bool done = serve_open(family, message) && fastcgi_run(&site, message);
	if (!done)
		LOG(LOG_ERROR, "stopped", LOG_T("reason", message));
	serve_close();
	return done ? 0 : 1;
}

int serve_main(int argc, char **argv, const struct family *family)
{
	const char *config = NULL;
	char message[256];
	if (!route_check(family, message)) {
		fprintf(stderr, "stoa-%s: %s\n", family->name, message);
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--routes")) {
			routes_print(family);
			return 0;
		}
		if (!strcmp(argv[i], "--version")) {
			printf("stoa-%s %s\n", family->name, PACKAGE_VERSION);
			return 0;
		}
		if (!strcmp(argv[i], "--help"))
			return usage(family, stdout, 0);
		if (strcmp(argv[i], "--config") || i + 1 == argc)
			return usage(family, stderr, 2);
		config = argv[++i];
	}
	return serve_run(family, config);
}
