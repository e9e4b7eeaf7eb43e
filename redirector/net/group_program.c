/*
 * The selector: mixes the words of a datagram from its first line to where Via and Call-ID
 * are, and picks by what comes out.  Offset 0 is the first byte of the datagram.
 *
 * What surprises: a load behind the end ends a program at once, with 0, and there are no loops.
 * So the words are mixed from the back to the front, and the length says where to begin.
 */
#include "redirector/net/group.h"

enum {
	FROM = 16, /* "INVITE sip:+1404" and the like tells nothing   */
	TIER = 32, /* bytes: a rest that is shorter is not looked at  */
	TIERS = 11,
	WORD = 4,
	MIX = 0x01000193, /* any odd number: nothing is lost in a multiplication */
	FOLD = 0x7feb352d,
};

struct program {
	struct sock_filter *code;
	size_t len;
};

static void add(struct program *p, unsigned code, uint32_t k)
{
	p->code[p->len++] = (struct sock_filter)BPF_STMT((uint16_t)code, k);
}

static void jump(struct program *p, unsigned code, uint32_t k, unsigned if_so, unsigned if_not)
{
	p->code[p->len++] =
		(struct sock_filter)BPF_JUMP((uint16_t)code, k, (uint8_t)if_so, (uint8_t)if_not);
}

/* X = (X ^ word) * MIX; four instructions. */
static void mix_word(struct program *p, uint32_t at)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, at);
	add(p, BPF_ALU | BPF_XOR | BPF_X, 0);
	add(p, BPF_ALU | BPF_MUL | BPF_K, MIX);
	add(p, BPF_MISC | BPF_TAX, 0);
}

/* A = what the datagram comes to. */
static void mix_datagram(struct program *p)
{
	const unsigned per_tier = TIER / WORD * 4;

	add(p, BPF_LD | BPF_W | BPF_LEN, 0);
	add(p, BPF_MISC | BPF_TAX, 0);
	for (unsigned tier = TIERS; tier > 0; tier--) {
		/* behind the jumps that follow, and behind the words of longer ones */
		unsigned skip = 2 * (tier - 1) + 1 + (TIERS - tier) * per_tier;

		jump(p, BPF_JMP | BPF_JGE | BPF_K, FROM + TIER * tier, 0, 1);
		add(p, BPF_JMP | BPF_JA, skip);
	}
	add(p, BPF_JMP | BPF_JA, TIERS * per_tier);
	for (unsigned at = FROM + TIERS * TIER; at > FROM; at -= WORD)
		mix_word(p, at - WORD);
	add(p, BPF_MISC | BPF_TXA, 0);
}

/* A's upper bits depend on all that was mixed, its lower ones on little. */
static void fold(struct program *p)
{
	for (unsigned i = 0; i < 2; i++) {
		add(p, BPF_MISC | BPF_TAX, 0);
		add(p, BPF_ALU | BPF_RSH | BPF_K, 15);
		add(p, BPF_ALU | BPF_XOR | BPF_X, 0);
		add(p, BPF_ALU | BPF_MUL | BPF_K, FOLD);
	}
	add(p, BPF_ALU | BPF_RSH | BPF_K, 16);
}

static void pick(struct program *p, const unsigned *live, unsigned count)
{
	add(p, BPF_ALU | BPF_MOD | BPF_K, count);
	for (unsigned i = 0; i + 1 < count; i++) {
		jump(p, BPF_JMP | BPF_JEQ | BPF_K, i, 0, 1);
		add(p, BPF_RET | BPF_K, live[i]);
	}
	add(p, BPF_RET | BPF_K, live[count - 1]);
}

size_t group_program(enum group_kind kind, const unsigned *live, unsigned count,
		     struct sock_filter out[GROUP_PROGRAM_MAX])
{
	struct program p = { .code = out };

	if (kind == GROUP_UDP) {
		mix_datagram(&p);
		fold(&p);
	} else {
		add(&p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
	}
	pick(&p, live, count);
	return p.len;
}
