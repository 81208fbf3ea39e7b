// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * svr.c - support vector regression, by libsvm (PURE)
 */
#include <errno.h>
#include <libsvm/svm.h>
#include <stdlib.h>

#include "fit.h"

/* libsvm's own tolerance; a looser one than its default changes the third digit of errors. */
#define TOLERANCE	1e-3
#define CACHE_MIB	64

static void silent(const char *line)
{
}

static void learn(const struct svm_problem *problem, const struct mt_fit_how *how,
		  struct mt_fit *fit)
{
	const struct svm_parameter p = {
		.svm_type = EPSILON_SVR, .kernel_type = RBF, .gamma = how->gamma, .C = how->c,
		.p = how->epsilon, .eps = TOLERANCE, .cache_size = CACHE_MIB, .shrinking = 1,
	};
	struct svm_model *m;

	svm_set_print_string_function(silent);
	m = svm_train(problem, &p);
	fit->bias = -m->rho[0];
	for (int i = 0; i < m->l; i++)
		fit->coefs[m->sv_indices[i] - 1] = m->sv_coef[0][i];
	svm_free_and_destroy_model(&m);
}

int mt_fit_svr(const struct mt_fit_set *set, const struct mt_fit_how *how, struct mt_fit *fit)
{
	size_t width = set->columns + 1;
	mt_autofree struct svm_node *nodes = calloc(set->n * width, sizeof(*nodes));
	mt_autofree struct svm_node **rows = calloc(set->n, sizeof(*rows));
	mt_autofree double *y = calloc(set->n, sizeof(*y));

	if (!nodes || !rows || !y)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++) {
		rows[i] = &nodes[i * width];
		y[i] = set->y[i];
		for (size_t c = 0; c < set->columns; c++)
			rows[i][c] = (struct svm_node){ (int)c + 1, set->rows[i][c] };
		rows[i][set->columns].index = -1;
	}
	learn(&(struct svm_problem){ (int)set->n, y, rows }, how, fit);
	return 0;
}
