/*
 * tokens_wait() is replaced at link time (wrap_tokens): on a machine that is busy with something
 * else SoftHSM takes longer than the few hundred milliseconds that a thread has for it.
 */
#include "redirector/keys/token_state.h"
#include "tests/unit/hsm.h"

int64_t hsm_patience = 60000;

bool __real_tokens_wait(struct tokens *t, int64_t until);
bool __wrap_tokens_wait(struct tokens *t, int64_t until);

bool __wrap_tokens_wait(struct tokens *t, int64_t until)
{
	return __real_tokens_wait(t, until + hsm_patience);
}
