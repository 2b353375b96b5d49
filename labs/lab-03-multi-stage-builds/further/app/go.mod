module example.com/further

go 1.27
