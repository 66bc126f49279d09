"""Image quality metrics: protocols with reference (PSNR, SSIM), and NIQE and BRISQUE without."""
