"""Displays in the style of scikit-learn: of data, weights, training, searches and landscapes."""

from sk231n.plotting._activation_histogram import ActivationHistogramDisplay
from sk231n.plotting._distance_matrix import DistanceMatrixDisplay
from sk231n.plotting._filters import FilterDisplay
from sk231n.plotting._hog import HOGDisplay
from sk231n.plotting._hog_weights import HOGWeightsDisplay
from sk231n.plotting._image_grid import ImageGridDisplay
from sk231n.plotting._image_map import ImageMapDisplay
from sk231n.plotting._k_selection import KSelectionDisplay
from sk231n.plotting._learning_curves import LearningCurvesDisplay
from sk231n.plotting._loss_landscape import LossLandscapeDisplay
from sk231n.plotting._misclassified import MisclassifiedDisplay
from sk231n.plotting._neighbors import NeighborsDisplay
from sk231n.plotting._occlusion import OcclusionDisplay
from sk231n.plotting._search_heatmap import SearchHeatmapDisplay
from sk231n.plotting._weight_templates import WeightTemplatesDisplay

__all__ = [
    "ActivationHistogramDisplay",
    "DistanceMatrixDisplay",
    "FilterDisplay",
    "HOGDisplay",
    "HOGWeightsDisplay",
    "ImageGridDisplay",
    "ImageMapDisplay",
    "KSelectionDisplay",
    "LearningCurvesDisplay",
    "LossLandscapeDisplay",
    "MisclassifiedDisplay",
    "NeighborsDisplay",
    "OcclusionDisplay",
    "SearchHeatmapDisplay",
    "WeightTemplatesDisplay",
]
