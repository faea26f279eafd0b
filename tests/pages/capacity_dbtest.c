/* The Capacity page through the dispatcher: figures of the inputs in the address, faults in words, two languages, and who may see it. */
#include "tests/pages/visitors.h"

static void shows_figures_with_their_formulas(void **state)
{
	(void)state;
	visit(OWNER, "/capacity?users=100000&cores=4&memory=16g", 200);
	SHOWS("name=\"users\" value=\"100000\"", "name=\"memory\" value=\"16g\"", "name=\"active\" value=\"0.3\"", "id=\"figure-designUsers\"",
		"<b>7,500</b>", "designUsers = ⌊peakConcurrent × headroom⌋", "= ⌊6000 × 1.25⌋", "001 Concurrency Calculation", "<b>25,000/s</b>",
		"id=\"system-threads\"", "id=\"figure-maxConnections\"", "shipped table", "<svg class=\"columns\"", "<title>Cores by users</title>", "/capacity\" aria-current=\"page\"");
	HIDES("role=\"alert\"", "this installation");
	/* The phases are there whatever was asked. */
	SHOWS("<th scope=\"row\">1,000</th>", "<th scope=\"row\">10,000</th>", "<th scope=\"row\">50,000</th>", "<th scope=\"row\">100,000</th>");
}

static void without_inputs_the_documents_hold(void **state)
{
	(void)state;
	visit(OWNER, "/capacity", 200);
	SHOWS("name=\"users\" value=\"10000\"", "name=\"burst\" value=\"4\"", "<b>2,500/s</b>");
	visit(OWNER, "/capacity?users=&active=", 200);
	SHOWS("name=\"users\" value=\"10000\"");
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	visit(OWNER, "/capacity?users=0", 422);
	SHOWS("role=\"alert\">Users: a number from 1 to 10000000 is needed.", "name=\"users\" value=\"10000\"", "id=\"phases\"");
	HIDES("id=\"figure-designUsers\"");
	visit(OWNER, "/capacity?memory=3%3Cb%3E", 422);
	SHOWS("Memory of a machine: a number from 512m to 16384g is needed.");
	visit(OWNER, "/capacity?users=1&users=2", 400);
	visit(OWNER, "/capacity?people=1", 400);
}

static void is_for_those_who_may(void **state)
{
	(void)state;
	visit(READER, "/capacity", 403);
	visit(READER, "/", 200);
	HIDES("href=\"/capacity\"");
}

/* First: who somebody is is kept for a moment. */
static void speaks_german(void **state)
{
	(void)state;
	sql("update account set language = 'de' where id = '%s'", people[ADMIN]);
	visit(ADMIN, "/capacity?users=100000&active=2", 422);
	SHOWS("Anteil, der an einem Tag aktiv ist: eine Zahl von 0.001 bis 1 wird gebraucht.", "Gemessene Kosten");
	visit(ADMIN, "/capacity?users=100000", 200);
	SHOWS("<b>7.500</b>", "In der Spitze zugleich da");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(speaks_german), cmocka_unit_test(shows_figures_with_their_formulas), cmocka_unit_test(without_inputs_the_documents_hold),
		cmocka_unit_test(says_what_is_wrong), cmocka_unit_test(is_for_those_who_may)};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
