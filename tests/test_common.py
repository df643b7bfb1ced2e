from sklearn.utils.estimator_checks import parametrize_with_checks

from sk231n import LinearSVM, SoftmaxClassifier


@parametrize_with_checks([SoftmaxClassifier(), LinearSVM()])
def test_check_estimator(estimator, check):
    check(estimator)
