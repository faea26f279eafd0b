# libFuzzer targets: configure CC=clang --enable-fuzzers, then make fuzzers. tests/house/sizes proves that none is forgotten.
FUZZERS_ALL = \
	tests/fuzz/answer_fuzz \
	tests/fuzz/bench_file_fuzz \
	tests/fuzz/condition_fuzz \
	tests/fuzz/conf_fuzz \
	tests/fuzz/cron_fuzz \
	tests/fuzz/customer_signature_fuzz \
	tests/fuzz/envelope_fuzz \
	tests/fuzz/flame_fuzz \
	tests/fuzz/flow_check_fuzz \
	tests/fuzz/flow_import_fuzz \
	tests/fuzz/guard_fuzz \
	tests/fuzz/input_fuzz \
	tests/fuzz/json_fuzz \
	tests/fuzz/language_fuzz \
	tests/fuzz/mail_fuzz \
	tests/fuzz/prefer_fuzz \
	tests/fuzz/record_fuzz \
	tests/fuzz/rows_fuzz \
	tests/fuzz/scenario_fuzz \
	tests/fuzz/stripe_event_fuzz \
	tests/fuzz/stripe_reply_fuzz \
	tests/fuzz/stripe_signature_fuzz \
	tests/fuzz/template_fuzz \
	tests/fuzz/token_fuzz \
	tests/fuzz/unsubscribe_fuzz \
	tests/fuzz/url_fuzz \
	tests/fuzz/webhook_log_fuzz \
	tests/fuzz/who_record_fuzz \
	tests/fuzz/widget_token_fuzz

# The input of every family's routes is read.
tests_fuzz_input_fuzz_SOURCES = tests/fuzz/input_fuzz.c cli/cli.h cli/families.c
tests_fuzz_input_fuzz_LDADD = $(FAMILY_LIBS)

tests_fuzz_answer_fuzz_SOURCES = tests/fuzz/answer_fuzz.c
tests_fuzz_answer_fuzz_LDADD = cli/bench/libbench.a $(STOA_LIBS)
tests_fuzz_bench_file_fuzz_SOURCES = tests/fuzz/bench_file_fuzz.c
tests_fuzz_bench_file_fuzz_LDADD = cli/bench/libbench.a $(STOA_LIBS)
tests_fuzz_flame_fuzz_SOURCES = tests/fuzz/flame_fuzz.c cli/flame.c cli/flame.h
tests_fuzz_scenario_fuzz_SOURCES = tests/fuzz/scenario_fuzz.c
tests_fuzz_scenario_fuzz_LDADD = cli/bench/libbench.a $(STOA_LIBS) $(YAML_LIBS)

EXTRA_PROGRAMS += $(FUZZERS_ALL)
if FUZZERS
$(FUZZERS_ALL): AM_LDFLAGS += -fsanitize=fuzzer
fuzzers: $(FUZZERS_ALL)
endif
