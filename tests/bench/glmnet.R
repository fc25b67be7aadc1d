# glmnet in a process that waits for orders: each line "fit" fits and answers "done", each "write" puts the
# coefficients of the last fit, the intercept first, into the folder from which the data were read.

suppressMessages(library(glmnet))
given <- commandArgs(trailingOnly = TRUE)
folder <- given[1]
task <- given[2]
n <- as.integer(given[3])
d <- as.integer(given[4])
read <- function(name, count) readBin(file.path(folder, name), "double", count)
X <- matrix(read("X", n * d), n, d)
y <- read("y", n)
alphas <- read("alphas", 1000)

fit <- function() {
  if (task == "lasso") {
    glmnet(X, y, lambda = alphas, standardize = FALSE)
  } else if (task == "folds") {
    cv.glmnet(X, y, nfolds = 5, nlambda = length(alphas), standardize = FALSE)
  } else {
    glmnet(X, y, family = "binomial", alpha = 0, lambda = alphas, standardize = FALSE)
  }
}

orders <- file("stdin", "r")
cat("done\n")
while (length(order <- readLines(orders, 1)) > 0) {
  if (order == "fit") {
    found <- fit()
  } else {
    writeBin(as.vector(rbind(found$a0, as.matrix(found$beta))), file.path(folder, "coefficients"))
  }
  cat("done\n")
}
