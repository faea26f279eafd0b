BENCH_LIBS = cli/bench/libbench.a $(FAMILY_LIBS) $(YAML_LIBS)
