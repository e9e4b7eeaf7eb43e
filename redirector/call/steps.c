#include "redirector/call/steps.h"

const int64_t step_bounds_us[STEP_BOUNDS] = {
	10,    20,    50,    100,    200,    500,    1000,    2000,    5000,
	10000, 20000, 50000, 100000, 200000, 500000, 1000000, 2000000, 5000000,
};

const char *step_name(enum step step)
{
	static const char *const names[] = { "sign", "verify", "pass", "waited", "fetch", "token" };

	return names[step];
}

void steps_add(struct steps *steps, enum step step, int64_t us)
{
	struct step_counts *c;
	int i = 0;

	if (!steps)
		return;
	c = &steps->step[step];
	while (i < STEP_BOUNDS && us > step_bounds_us[i])
		i++;
	c->buckets[i]++;
	c->us += us > 0 ? (uint64_t)us : 0;
}
