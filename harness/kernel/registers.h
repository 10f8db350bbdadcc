/* registers: read ahead of every file of the kernel, see build.sh.
 *
 * User Mode Linux up to 6.12 keeps room for 2696 bytes of a program's extended registers: those of
 * AVX-512. A processor with AMX has 11008, and its ptrace() takes all of them or none (EFAULT: "ptrace
 * set fp regs failed"), whether a program uses them or not. With more room than there is, it takes what
 * there is. (From 6.13 on, the kernel asks the processor.)
 */
#if !defined(__ASSEMBLER__) && __has_include(<generated/user_constants.h>) /* not for what makes it */
#include <generated/user_constants.h>
#ifdef HOST_FP_SIZE
#undef HOST_FP_SIZE
#define HOST_FP_SIZE (12288 / 8)
#endif
#endif
