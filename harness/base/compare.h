/* compare: the six comparisons of the language, in the order of their names there. */
#ifndef TCPSCEN_BASE_COMPARE_H
#define TCPSCEN_BASE_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

enum compare { CMP_EQ, CMP_NE, CMP_GE, CMP_LE, CMP_GT, CMP_LT };

static inline bool compare_holds(enum compare compare, int64_t left, int64_t right)
{
	switch (compare) {
	case CMP_EQ: return left == right;
	case CMP_NE: return left != right;
	case CMP_GE: return left >= right;
	case CMP_LE: return left <= right;
	case CMP_GT: return left > right;
	case CMP_LT: return left < right;
	}
	return false;
}

#endif
