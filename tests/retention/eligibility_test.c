/* To whom an offer is made: one row a rule, and the text that a cache keeps. */
#include "tests/retention/cases.h"

#include "retention/eligibility.h"

#include <stdlib.h>
#include <string.h>

#define NOW 1800000000
#define DAYS(n) (NOW - (int64_t)(n) * 86400)

static void judges(void **state)
{
	struct accepted one[] = {{STEP_DISCOUNT, DAYS(200)}}, lately[] = {{STEP_PAUSE, DAYS(29)}, {STEP_DISCOUNT, DAYS(400)}},
		pauses[] = {{STEP_PAUSE, DAYS(40)}, {STEP_PAUSE, DAYS(300)}}, help[] = {{STEP_SUPPORT, DAYS(1)}, {STEP_FEEDBACK, DAYS(1)}},
		edge[] = {{STEP_DISCOUNT, DAYS(365)}},
		ahead[] = {{STEP_DISCOUNT, NOW + 1}}; /* by the database's clock */
	const struct facts active = {.status = "active", .currency = "usd"}, trialing = {.status = "trialing"}, late = {.status = "past_due"},
		paused = {.status = "active", .paused = true}, discounted = {.status = "active", .discounted = true};
	const struct { struct customer_state customer; struct offer offer; enum eligible verdict; } ROWS[] = {
		{{.items = 0}, {STEP_DISCOUNT}, ELIGIBLE}, {{.facts = active}, {STEP_PAUSE}, ELIGIBLE}, {{.facts = trialing}, {STEP_EXTENSION}, ELIGIBLE},
		{{.facts = late}, {STEP_DISCOUNT}, ELIGIBLE_STATUS}, {{.facts = late}, {STEP_SUPPORT}, ELIGIBLE},
		{{.facts = paused}, {STEP_PAUSE}, ELIGIBLE_PAUSED}, {{.facts = paused}, {STEP_DISCOUNT}, ELIGIBLE_PAUSED},
		{{.facts = paused}, {STEP_SUPPORT}, ELIGIBLE},
		{{.facts = active, .scheduled = true}, {STEP_DOWNGRADE}, ELIGIBLE_SCHEDULE},
		{{.facts = discounted}, {STEP_DISCOUNT}, ELIGIBLE_DISCOUNTED}, {{.facts = discounted}, {STEP_PAUSE}, ELIGIBLE},
		{{.facts = active}, {STEP_DISCOUNT, .currency = "usd"}, ELIGIBLE}, {{.facts = active}, {STEP_DISCOUNT, .currency = "eur"}, ELIGIBLE_CURRENCY},
		{{.facts = trialing}, {STEP_DOWNGRADE, .currency = "eur"}, ELIGIBLE},
		{{.facts = active, .items = 2}, {STEP_DOWNGRADE}, ELIGIBLE_ITEMS}, {{.facts = active, .items = 2}, {STEP_DISCOUNT}, ELIGIBLE},
		{{.facts = active, .items = 1, .price = "price_a"}, {STEP_DOWNGRADE, .price = "price_a"}, ELIGIBLE_PRICE},
		{{.facts = active, .items = 1, .price = "price_a", .amount_minor = 900}, {STEP_DOWNGRADE, .price = "price_b", .amount_minor = 900}, ELIGIBLE_PRICE},
		{{.facts = active, .items = 1, .price = "price_a", .amount_minor = 900}, {STEP_DOWNGRADE, .price = "price_b", .amount_minor = 899}, ELIGIBLE},
		{{.facts = active, .accepted = one, .accepted_count = 1}, {STEP_DISCOUNT}, ELIGIBLE_MOST},
		{{.facts = active, .accepted = one, .accepted_count = 1}, {STEP_EXTENSION}, ELIGIBLE},
		{{.facts = active, .accepted = edge, .accepted_count = 1}, {STEP_DISCOUNT}, ELIGIBLE},
		{{.facts = active, .accepted = lately, .accepted_count = 2}, {STEP_DISCOUNT}, ELIGIBLE_COOLDOWN},
		{{.facts = active, .accepted = lately, .accepted_count = 2}, {STEP_PAUSE}, ELIGIBLE_COOLDOWN},
		{{.facts = active, .accepted = lately, .accepted_count = 2}, {STEP_DOWNGRADE}, ELIGIBLE},
		{{.facts = active, .accepted = pauses, .accepted_count = 1}, {STEP_PAUSE}, ELIGIBLE},
		{{.facts = active, .accepted = pauses, .accepted_count = 2}, {STEP_PAUSE}, ELIGIBLE_MOST},
		{{.facts = active, .accepted = help, .accepted_count = 2}, {STEP_DISCOUNT}, ELIGIBLE},
		{{.facts = active, .accepted = ahead, .accepted_count = 1}, {STEP_DOWNGRADE}, ELIGIBLE},
		{{.facts = active, .accepted = ahead, .accepted_count = 1}, {STEP_PAUSE}, ELIGIBLE_COOLDOWN}};
	struct offer_rules closed = OFFER_RULES;
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		enum eligible verdict = offer_eligible(&OFFER_RULES, &ROWS[i].customer, &ROWS[i].offer, NOW);

		if (verdict != ROWS[i].verdict)
			fail_msg("row %zu: %d, not %d", i, verdict, ROWS[i].verdict);
	}
	closed.of[STEP_SUPPORT].enabled = false;
	closed.of[STEP_DISCOUNT].discounted = true;
	assert_int_equal(offer_eligible(&closed, &ROWS[0].customer, &(struct offer){STEP_SUPPORT}, NOW), ELIGIBLE_OFF);
	assert_int_equal(offer_eligible(&closed, &(struct customer_state){.facts = discounted}, &(struct offer){STEP_DISCOUNT}, NOW), ELIGIBLE);
}

#define TEXT "0009\0discount 1700000000 nonsense 5 pause 1690000000\0pro\0\0de\0usd\0004900\00030\0active\0month\0price_a\0004900\0001\0t\0f\0t\0{\"a\":1}"

static void reads_what_is_kept(void **state)
{
	struct customer_state customer;
	const char *attributes;
	char text[] = TEXT, clicks[] = "9998";
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	assert_true(customer_state_read(&ctx, text, sizeof text, &customer, &attributes));
	assert_string_equal(customer.facts.plan, "pro");
	assert_null(customer.facts.region);
	assert_int_equal(customer.facts.value_minor, 4900);
	assert_int_equal(customer.facts.tenure_days, 30);
	assert_int_equal(customer.facts.attempts, 9);
	assert_true(customer.facts.discounted && !customer.facts.paused && customer.scheduled && customer.valued);
	assert_int_equal(customer.accepted_count, 2);
	assert_int_equal(customer.accepted[1].offer, STEP_PAUSE);
	assert_int_equal(customer.accepted[1].at_s, 1690000000);
	assert_string_equal(attributes, "{\"a\":1}");
	customer_state_click(text);
	assert_true(customer_state_read(&ctx, text, sizeof text, &customer, &attributes));
	assert_int_equal(customer.facts.attempts, 10);
	for (int i = 0; i < 2; i++)
		customer_state_click(clicks);
	assert_string_equal(clicks, "9999");
	/* Cut off anywhere it is no such text. */
	for (size_t length = 0; length < sizeof text; length++) {
		char *part = malloc(length + 1);

		memcpy(part, text, length);
		assert_false(customer_state_read(&ctx, part, length, &customer, &attributes));
		free(part);
	}
	ctx_free(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(judges), cmocka_unit_test(reads_what_is_kept)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
